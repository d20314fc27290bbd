import { describe, expect, it } from 'vitest';
import type { Workload } from '../model/workload.ts';
import type { Claim } from './workload-index.ts';
import { WorkloadIndex } from './workload-index.ts';

function claim(pod: string, second: number, ...addresses: string[]): Claim {
  const workload: Workload = {
    name: pod,
    pod,
    namespace: 'shop',
    serviceAccount: 'default',
    addresses,
    labels: {},
    containerPorts: [],
  };
  return { workload, createdAt: `2026-01-01T00:00:0${second}Z` };
}

describe('an index of workloads', () => {
  it.each([
    ['older first', ['old', 'new']],
    ['younger first', ['new', 'old']],
  ])('gives an address that two pods claim to the younger, seen %s', (_order, order) => {
    const claims: Record<string, Claim> = { old: claim('old', 1, '10.1.0.1'), new: claim('new', 2, '10.1.0.1') };
    const index = new WorkloadIndex();
    for (const pod of order) index.put(`shop/${pod}`, claims[pod]);
    expect(index.byAddress.get('10.1.0.1')?.pod).toBe('new');
    index.put('shop/new', undefined);
    expect(index.byAddress.get('10.1.0.1')?.pod).toBe('old');
    index.put('shop/old', undefined);
    expect(index.byAddress.size).toBe(0);
  });

  it('moves a pod from one address to another and names both', () => {
    const index = new WorkloadIndex();
    expect(index.put('shop/a', claim('a', 1, '10.1.0.1'))).toEqual(['10.1.0.1']);
    expect(index.put('shop/a', claim('a', 1, '10.1.0.2'))).toEqual(['10.1.0.1', '10.1.0.2']);
    expect([...index.byAddress.keys()]).toEqual(['10.1.0.2']);
    expect(index.ofPod('shop/a')?.addresses).toEqual(['10.1.0.2']);
  });
});
