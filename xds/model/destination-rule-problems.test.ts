import { describe, expect, it } from 'vitest';
import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import { destinationRuleProblems } from './destination-rule-problems.ts';
import { aDestinationRule } from './model-testing.ts';

const paths = (trafficPolicy: TrafficPolicy) =>
  destinationRuleProblems(aDestinationRule({ host: 'web', trafficPolicy })).map(({ path }) => path);

describe('destinationRuleProblems', () => {
  it('has nothing to say of what takes effect as written', () => {
    expect(
      paths({
        loadBalancer: { simple: 'RANDOM', localityLbSetting: { failover: [{ from: 'eu', to: 'us' }] } },
        outlierDetection: {},
        tls: { mode: 'ISTIO_MUTUAL' },
      }),
    ).toEqual([]);
  });

  it.each([
    [{ tls: { mode: 'SIMPLE', credentialName: 'secret' } }, 'spec.trafficPolicy.tls.credentialName'],
    [{ tls: { mode: 'MUTUAL' } }, 'spec.trafficPolicy.tls'],
    [{ tunnel: { targetHost: 'a', targetPort: 1 } }, 'spec.trafficPolicy.tunnel'],
    [{ loadBalancer: { zoneAwareLbSetting: {} } }, 'spec.trafficPolicy.loadBalancer.zoneAwareLbSetting'],
    [
      { loadBalancer: { localityLbSetting: { failoverPriority: ['zone'] } } },
      'spec.trafficPolicy.loadBalancer.localityLbSetting',
    ],
    [
      { portLevelSettings: [{ port: { number: 80 }, tls: { mode: 'MUTUAL' } }] },
      'spec.trafficPolicy.portLevelSettings[0].tls',
    ],
  ] satisfies [TrafficPolicy, string][])('names what does not: %j', (policy, path) => {
    expect(paths(policy)).toEqual([path]);
  });

  it('looks into subsets and names the rule', () => {
    const rule = aDestinationRule({
      host: 'web',
      subsets: [{ name: 'v1' }, { name: 'v2', trafficPolicy: { tls: { mode: 'MUTUAL' } } }],
    });
    expect(destinationRuleProblems(rule)).toMatchObject([
      { object: 'DestinationRule/default/rule', path: 'spec.subsets[1].trafficPolicy.tls' },
    ]);
  });
});
