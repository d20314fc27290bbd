import { describe, expect, it } from 'vitest';
import { aService } from '../model/model-testing.ts';
import type { Service } from '../model/service.ts';
import { selectableKeys, selectorKey, ServiceIndex } from './service-index.ts';

function indexOf(...services: readonly Service[]): ServiceIndex {
  const index = new ServiceIndex();
  for (const service of services) index.put(service.hostname, service);
  return index;
}

const names = (services: readonly Service[]): readonly string[] => services.map(({ name }) => name);

describe('an index of services', () => {
  const a = aService({ name: 'a', addresses: ['10.96.0.1', 'fd00::1'], selector: { app: 'x', tier: '1' } });
  const b = aService({ name: 'b', addresses: ['10.96.0.1'], selector: { app: 'x' } });
  const other = aService({ name: 'a', namespace: 'other', addresses: [], selector: { app: 'x' } });

  it('finds them by host, wildcard, name and address, in the order of their hosts', () => {
    const index = indexOf(other, b, a);
    expect(index.byHost.get(a.hostname)).toBe(a);
    expect(names(index.matching('*.default.svc.cluster.local'))).toEqual(['a', 'b']);
    expect(index.matching('*.example.com')).toEqual([]);
    expect(names(index.at('10.96.0.1'))).toEqual(['a', 'b']);
    expect(names(index.at('fd00::1'))).toEqual(['a']);
    expect(index.at('10.96.0.2')).toEqual([]);
    expect([...index.named('a')].sort()).toEqual([a.hostname, other.hostname]);
  });

  it('finds those of a namespace that select a workload by all of their labels', () => {
    const index = indexOf(a, b, other, aService({ name: 'nobody' }));
    expect(names(index.selecting('default', { app: 'x', version: '2' }))).toEqual(['b']);
    expect(names(index.selecting('default', { tier: '1', app: 'x' }))).toEqual(['a', 'b']);
    expect(index.selecting('default', { tier: '1' })).toEqual([]);
    expect(index.selecting('default', {})).toEqual([]);
  });

  it('keeps a service under a key that every workload has which it selects', () => {
    expect(selectorKey(a)).toBe('default|app=x');
    expect(selectorKey(aService())).toBeUndefined();
    expect(selectableKeys('default', { version: '2', app: 'x' })).toEqual(['default|version=2', 'default|app=x']);
  });

  it('forgets what a service was before', () => {
    const index = indexOf(a);
    index.put(a.hostname, { ...a, addresses: ['10.96.0.9'], selector: { app: 'y' } });
    expect([index.at('10.96.0.1'), index.selecting('default', { app: 'x', tier: '1' })]).toEqual([[], []]);
    expect(names(index.at('10.96.0.9'))).toEqual(['a']);
    index.put(a.hostname, undefined);
    expect([index.byHost.size, index.at('10.96.0.9'), index.selecting('default', { app: 'y' })]).toEqual([0, [], []]);
  });

  it('knows the families of their addresses, IPv4 where there is none', () => {
    const index = indexOf();
    expect(index.families).toEqual({ ipv4: true, ipv6: false });
    const six = aService({ name: 'six', addresses: ['fd00::2'] });
    index.put(six.hostname, six);
    expect(index.families).toEqual({ ipv4: false, ipv6: true });
    index.put(a.hostname, a);
    expect(index.families).toEqual({ ipv4: true, ipv6: true });
    index.clear();
    expect(index.families).toEqual({ ipv4: true, ipv6: false });
  });
});
