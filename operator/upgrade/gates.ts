import type { Upgrade, UpgradeBatch, UpgradeGate } from '../../crds/mesh-upgrade.ts';
import type { Readings } from './readings.ts';
import { latencyGate, successRateGate } from './traffic-gates.ts';
import type { Workload } from './workload.ts';
import { labelOf, placeOf } from './workload.ts';

export interface GateInput {
  readonly gates: Upgrade['gates'];
  readonly batch: UpgradeBatch;
  /** The workloads of the batch, as they are now. */
  readonly workloads: readonly Workload[];
  /** All workloads that have been given to the new revision. */
  readonly moved: readonly Workload[];
  /** Of the new revision; undefined when nothing was measured since the batch began. */
  readonly readings: Readings | undefined;
}

export type GateName = keyof Omit<Upgrade['gates'], 'timeout'>;

/** One answer for each gate that the spec asks for, in their order. */
export function gateResults(input: GateInput): readonly UpgradeGate[] {
  const { gates } = input;
  return [
    ...(gates.proxiesSynced ? [proxiesSynced(input)] : []),
    ...(gates.noRejections ? [noRejections(input)] : []),
    ...(gates.noCrashLoops ? [noCrashLoops(input)] : []),
    ...(gates.successRate.enabled ? [successRateGate(input)] : []),
    ...(gates.latency.enabled ? [latencyGate(input)] : []),
  ];
}

export function gate(
  name: GateName,
  state: UpgradeGate['state'],
  message: string,
  measured: { readonly before?: string; readonly after?: string } = {},
): UpgradeGate {
  return { name, state, message: message.slice(0, 2048), ...measured };
}

export const notMeasured = 'nothing has been measured yet';

function proxiesSynced({ readings, moved }: GateInput): UpgradeGate {
  const name = 'proxiesSynced';
  if (readings === undefined) return gate(name, 'Waiting', notMeasured);
  if (readings.proxies === undefined) return gate(name, 'Unknown', 'the new istiod does not report its sidecars');
  const { connected, synced } = readings.proxies;
  const expected = moved.reduce((sum, { available }) => sum + available, 0);
  const after = `${String(synced)} of ${String(connected)}`;
  if (connected < expected) {
    const message = `${String(connected)} of at least ${String(expected)} sidecars are connected to the new istiod`;
    return gate(name, 'Waiting', message, { after });
  }
  if (synced < connected) {
    const message = `${String(connected - synced)} of ${String(connected)} sidecars have not acknowledged all that they were sent`;
    return gate(name, 'Waiting', message, { after });
  }
  return gate(name, 'Passed', `all ${String(connected)} sidecars of the new istiod are up to date`, { after });
}

function noRejections({ readings, batch }: GateInput): UpgradeGate {
  const name = 'noRejections';
  if (readings === undefined) return gate(name, 'Waiting', notMeasured);
  if (readings.rejections === undefined) {
    return gate(name, 'Unknown', 'neither the new istiod nor its sidecars could be asked for rejections');
  }
  const { pods } = readings.rejections;
  const total = since(batch.rejectionsBefore ?? 0, readings.rejections.total);
  if (total === 0 && pods.length === 0) return gate(name, 'Passed', 'no sidecar rejected anything', { after: '0' });
  const who = pods.length === 0 ? 'sidecars' : `the sidecars of ${someOf(pods)}`;
  const message = `${who} rejected what the new istiod sent; its log and /debug/syncz have Envoy's words`;
  return gate(name, 'Failed', message, { after: String(Math.max(total, pods.length)) });
}

/** What a counter has counted since it stood at `before`; a counter that stands lower began anew. */
function since(before: number, now: number): number {
  return now >= before ? now - before : now;
}

function noCrashLoops({ readings, moved, batch }: GateInput): UpgradeGate {
  const name = 'noCrashLoops';
  if (readings === undefined) return gate(name, 'Waiting', notMeasured);
  if (readings.crashLoops === undefined) return gate(name, 'Unknown', 'the pods could not be listed');
  const before = new Set(batch.unavailableBefore);
  const counted = new Set(moved.filter((workload) => !before.has(labelOf(workload))).map(placeOf));
  const [first, ...more] = readings.crashLoops.filter(({ place }) => counted.has(place));
  if (first === undefined) return gate(name, 'Passed', 'no container of a moved pod keeps ending', { after: '0' });
  const others = more.length === 0 ? '' : `, and ${String(more.length)} more`;
  return gate(name, 'Failed', `${first.message}${others}`, { after: String(more.length + 1) });
}

const maxNamed = 5;

export function someOf(names: readonly string[]): string {
  const more = names.length - maxNamed;
  return `${names.slice(0, maxNamed).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
}
