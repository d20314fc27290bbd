import { describe, expect, it } from 'vitest';
import { aDestinationRule } from '../model/model-testing.ts';
import { ClientTraitsIndex } from './client-traits-index.ts';

const placing = { trafficPolicy: { outlierDetection: {} } };

describe('what clients are told apart by', () => {
  it('are the labels of all rules, sorted, for as long as some rule asks for them', () => {
    const index = new ClientTraitsIndex();
    expect(index.putVirtualService('default/a', ['version', 'app'])).toBe(true);
    expect(index.putVirtualService('default/b', ['app'])).toBe(false);
    const selecting = aDestinationRule({ host: 'web', workloadSelector: { matchLabels: { rack: '1' } } });
    expect(index.putDestinationRule('default/a', selecting)).toBe(true);
    expect(index.traits.labelTests).toEqual(['app', 'rack=1', 'version']);
    expect(index.putVirtualService('default/a', [])).toBe(true);
    expect(index.traits.labelTests).toEqual(['app', 'rack=1']);
    expect(index.putVirtualService('default/b', [])).toBe(true);
    expect(index.putDestinationRule('default/a', undefined)).toBe(true);
    expect(index.traits).toEqual({ labelTests: [], placing: [] });
  });

  it('are the rules that prefer endpoints by place, of subsets and ports too, in order of precedence', () => {
    const index = new ClientTraitsIndex();
    const subsets = [{ name: 'v1', labels: {}, ...placing }];
    const portLevelSettings = [{ port: { number: 80 }, ...placing.trafficPolicy }];
    const rules = [
      aDestinationRule({ host: 'web', subsets }, { name: 'c' }),
      aDestinationRule({ host: 'web', trafficPolicy: { portLevelSettings } }, { name: 'b' }),
      aDestinationRule({ host: 'web', ...placing }, { name: 'a' }),
    ];
    for (const rule of rules) expect(index.putDestinationRule(rule.metadata.name, rule)).toBe(true);
    expect(index.traits.placing).toEqual([...rules].reverse());
    expect(index.putDestinationRule('plain', aDestinationRule({ host: 'web' }))).toBe(false);
    expect(index.putDestinationRule('a', aDestinationRule({ host: 'web' }, { name: 'a' }))).toBe(true);
    expect(index.traits.placing).toHaveLength(2);
  });

  it('are others where two labels are in place of one that reads like both', () => {
    const index = new ClientTraitsIndex();
    index.putVirtualService('default/a', ['app', 'tier']);
    expect(index.putVirtualService('default/a', ['app,tier'])).toBe(true);
    expect(index.traits.labelTests).toEqual(['app,tier']);
  });

  it('stay the same object until they are others', () => {
    const index = new ClientTraitsIndex();
    index.putVirtualService('default/a', ['app']);
    const before = index.traits;
    index.putVirtualService('default/b', ['app']);
    expect(index.traits).toBe(before);
  });
});
