import { describe, expect, it } from 'vitest';
import type { UpgradeBatch } from '../../crds/mesh-upgrade.ts';
import { gateResults } from './gates.ts';
import type { Readings, Traffic } from './readings.ts';
import { addTraffic, noTraffic, quantileMs } from './readings.ts';
import { upgradeSpec, workload } from './upgrade-world.testing.ts';

const batch: UpgradeBatch = {
  index: 1,
  of: 2,
  through: 'shop/Deployment/b',
  startTime: '2026-03-02T10:00:00.000Z',
  progressTime: '2026-03-02T10:00:00.000Z',
  arrived: 2,
  size: 2,
  workloads: ['Deployment shop/a', 'Deployment shop/b'],
  before: { requests: 1000, failures: 10, p99Milliseconds: 80 },
};
const workloads = [workload('a', { given: 'two' }), workload('b', { given: 'two' })];

function readings(more: Partial<Readings> & { readonly moved?: Traffic }): Readings {
  const traffic = { moved: more.moved ?? noTraffic, notMoved: noTraffic, unreachable: 0 };
  return {
    time: new Date('2026-03-02T10:01:00Z'),
    revision: 'two',
    proxies: { connected: 4, synced: 4 },
    rejections: { total: 0, pods: [] },
    crashLoops: [],
    traffic: new Map([['shop/Deployment/a', traffic]]),
    ...more,
  };
}

function stateOf(name: string, found: Readings | undefined, of: UpgradeBatch = batch) {
  const results = gateResults({ gates: upgradeSpec().gates, batch: of, workloads, moved: workloads, readings: found });
  return results.find((result) => result.name === name);
}

function traffic(requests: number, failures: number, slow = 0): Traffic {
  const latency = [
    { atMostMs: 50, count: requests - slow },
    { atMostMs: 500, count: requests },
  ];
  return { requests, failures, latency };
}

describe('gates', () => {
  it('wait as long as nothing was measured', () => {
    const { gates } = upgradeSpec();
    const results = gateResults({ gates, batch, workloads, moved: workloads, readings: undefined });
    expect(results.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'proxiesSynced Waiting',
      'noRejections Waiting',
      'noCrashLoops Waiting',
      'successRate Waiting',
      'latency Waiting',
    ]);
  });

  it('are those that the spec asks for', () => {
    const off = { enabled: false };
    const { gates } = upgradeSpec({
      gates: { proxiesSynced: false, noRejections: false, successRate: off, latency: off },
    });
    const results = gateResults({ gates, batch, workloads, moved: workloads, readings: readings({}) });
    expect(results.map(({ name }) => name)).toEqual(['noCrashLoops']);
  });

  it('wait for every sidecar to be connected and to have acknowledged', () => {
    expect(stateOf('proxiesSynced', readings({ proxies: { connected: 3, synced: 3 } }))).toMatchObject({
      state: 'Waiting',
    });
    expect(stateOf('proxiesSynced', readings({ proxies: { connected: 4, synced: 3 } }))).toMatchObject({
      state: 'Waiting',
    });
    expect(stateOf('proxiesSynced', readings({ proxies: { connected: 4, synced: 4 } }))).toMatchObject({
      state: 'Passed',
    });
    expect(stateOf('proxiesSynced', readings({ proxies: undefined }))).toMatchObject({ state: 'Unknown' });
  });

  it('fail at the first rejection since the batch began, and name the pods', () => {
    const found = readings({ rejections: { total: 3, pods: ['shop/a-1'] } });
    expect(stateOf('noRejections', found)).toMatchObject({
      state: 'Failed',
      message: expect.stringContaining('shop/a-1') as string,
    });
    const counted = readings({ rejections: { total: 3, pods: [] } });
    expect(stateOf('noRejections', counted)?.state).toBe('Failed');
    expect(stateOf('noRejections', counted, { ...batch, rejectionsBefore: 3 })?.state).toBe('Passed');
    // A replica that was started anew counts from 0.
    expect(stateOf('noRejections', counted, { ...batch, rejectionsBefore: 7 })?.state).toBe('Failed');
  });

  it('fail when a container of a moved pod keeps ending, unless it was so before', () => {
    const crashLoops = [
      { place: 'shop/Deployment/a', message: 'pod shop/a-1: container istio-proxy: CrashLoopBackOff' },
    ];
    expect(stateOf('noCrashLoops', readings({ crashLoops }))).toMatchObject({
      state: 'Failed',
      message: crashLoops[0]?.message,
    });
    const before = { ...batch, unavailableBefore: ['Deployment shop/a'] };
    expect(stateOf('noCrashLoops', readings({ crashLoops }), before)?.state).toBe('Passed');
  });

  it('compare the share of answers without 5xx with that before', () => {
    expect(stateOf('successRate', readings({ moved: traffic(100, 1) }))).toMatchObject({
      state: 'Passed',
      before: '99.00%',
    });
    expect(stateOf('successRate', readings({ moved: traffic(100, 3) }))).toMatchObject({
      state: 'Failed',
      after: '97.00%',
    });
    expect(stateOf('successRate', readings({ moved: traffic(49, 49) }))).toMatchObject({
      state: 'Unknown',
      message: expect.stringContaining('49 requests, 50 are needed') as string,
    });
    const { before: _none, ...unmeasured } = batch;
    expect(stateOf('successRate', readings({ moved: traffic(100, 100) }), unmeasured)?.state).toBe('Unknown');
  });

  it('compare the slowest hundredth with that before, from a least time on', () => {
    expect(stateOf('latency', readings({ moved: traffic(1000, 0, 0) }))).toMatchObject({ state: 'Passed' });
    expect(stateOf('latency', readings({ moved: traffic(1000, 0, 100) }))).toMatchObject({
      state: 'Failed',
      before: '80 ms',
    });
    expect(stateOf('latency', readings({ moved: traffic(100, 0, 100) }))?.state).toBe('Unknown');
  });
});

describe('traffic', () => {
  it('adds up, with the buckets of both', () => {
    expect(addTraffic(traffic(10, 1), traffic(20, 2, 5))).toEqual({
      requests: 30,
      failures: 3,
      latency: [
        { atMostMs: 50, count: 25 },
        { atMostMs: 500, count: 30 },
      ],
    });
  });

  it('has quantiles that are interpolated within a bucket', () => {
    const buckets = [
      { atMostMs: 10, count: 50 },
      { atMostMs: 20, count: 100 },
      { atMostMs: Infinity, count: 100 },
    ];
    expect(quantileMs(buckets, 0.75)).toBe(15);
    expect(
      quantileMs(
        [
          { atMostMs: 10, count: 1 },
          { atMostMs: Infinity, count: 100 },
        ],
        0.99,
      ),
    ).toBe(10);
    expect(quantileMs([], 0.99)).toBeUndefined();
  });
});
