import type { UpgradeGate, UpgradeMeasurement } from '../../crds/mesh-upgrade.ts';
import type { GateInput, GateName } from './gates.ts';
import { gate, notMeasured } from './gates.ts';
import type { Readings, Traffic, WorkloadTraffic } from './readings.ts';
import { addTraffic, noTraffic, quantileMs } from './readings.ts';
import type { Workload } from './workload.ts';
import { placeOf } from './workload.ts';

/** What the sidecars of workloads that are not moved yet have counted; undefined when none of them was asked. */
export function measurementBefore(
  workloads: readonly Workload[],
  readings: Readings | undefined,
): UpgradeMeasurement | undefined {
  const found = trafficOf(workloads, readings);
  return found.length === 0 ? undefined : measurementOf(sum(found.map(({ notMoved }) => notMoved)));
}

function trafficOf(workloads: readonly Workload[], readings: Readings | undefined): readonly WorkloadTraffic[] {
  return workloads.flatMap((workload) => readings?.traffic.get(placeOf(workload)) ?? []);
}

function sum(traffic: readonly Traffic[]): Traffic {
  return traffic.reduce(addTraffic, noTraffic);
}

function measurementOf(traffic: Traffic): UpgradeMeasurement {
  const { requests, failures, latency } = traffic;
  const p99 = quantileMs(latency, 0.99);
  return { requests, failures, ...(p99 === undefined ? {} : { p99Milliseconds: Math.round(p99 * 10) / 10 }) };
}

/** What before and after are judged by, or why nothing can be judged. */
type Comparison =
  | { readonly kind: 'undecided'; readonly gate: UpgradeGate }
  | { readonly kind: 'comparable'; readonly before: UpgradeMeasurement; readonly after: UpgradeMeasurement };

function compare(name: GateName, minRequests: number, input: GateInput): Comparison {
  const { batch, workloads, readings } = input;
  const undecided = (state: 'Waiting' | 'Unknown', message: string): Comparison => ({
    kind: 'undecided',
    gate: gate(name, state, message),
  });
  if (readings === undefined) return undecided('Waiting', notMeasured);
  const found = trafficOf(workloads, readings);
  const after = measurementOf(sum(found.map(({ moved }) => moved)));
  if (after.requests < minRequests) {
    const silent = found.reduce((count, { unreachable }) => count + unreachable, 0);
    const aside = silent === 0 ? '' : `; ${String(silent)} sidecars could not be asked`;
    const message = `the moved workloads have seen ${String(after.requests)} requests, ${String(minRequests)} are needed to judge${aside}`;
    return undecided('Unknown', message);
  }
  const { before } = batch;
  if (before === undefined || before.requests < minRequests) {
    return undecided('Unknown', 'too few requests were measured before the move to compare with');
  }
  return { kind: 'comparable', before, after };
}

export function successRateGate(input: GateInput): UpgradeGate {
  const { maxDrop, minRequests } = input.gates.successRate;
  const comparison = compare('successRate', minRequests, input);
  if (comparison.kind === 'undecided') return comparison.gate;
  const before = successPercent(comparison.before);
  const after = successPercent(comparison.after);
  const measured = { before: `${before.toFixed(2)}%`, after: `${after.toFixed(2)}%` };
  const said = `${measured.after} of ${String(comparison.after.requests)} requests succeeded, ${measured.before} before`;
  return after < before - maxDrop
    ? gate('successRate', 'Failed', `${said}; at most ${String(maxDrop)} percentage points less are allowed`, measured)
    : gate('successRate', 'Passed', said, measured);
}

function successPercent({ requests, failures }: UpgradeMeasurement): number {
  return requests === 0 ? 100 : (100 * (requests - failures)) / requests;
}

export function latencyGate(input: GateInput): UpgradeGate {
  const { maxIncreasePercent, minimumMilliseconds, minRequests } = input.gates.latency;
  const comparison = compare('latency', minRequests, input);
  if (comparison.kind === 'undecided') return comparison.gate;
  const before = comparison.before.p99Milliseconds;
  const after = comparison.after.p99Milliseconds;
  if (before === undefined || after === undefined) {
    return gate('latency', 'Unknown', 'the sidecars tell no times of requests');
  }
  const measured = { before: `${String(before)} ms`, after: `${String(after)} ms` };
  const said = `99% of requests were answered within ${measured.after}, within ${measured.before} before`;
  const allowed = Math.max(minimumMilliseconds, before * (1 + maxIncreasePercent / 100));
  return after > allowed
    ? gate('latency', 'Failed', `${said}; at most ${String(Math.round(allowed))} ms are allowed`, measured)
    : gate('latency', 'Passed', said, measured);
}
