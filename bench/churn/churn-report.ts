import { mebibytes, textTable } from '../figures.ts';
import { describeMemory, judgeMemory } from './memory.ts';
import type { ChangeKind } from './mesh-changes.ts';
import type { Comparison, FleetStats } from './sidecar-fleet.ts';

/** What a run of churn came to. */
export interface ChurnResult extends FleetStats {
  readonly minutes: number;
  readonly services: number;
  readonly proxies: number;
  /** Changes a second that were wanted. */
  readonly rate: number;
  readonly seed: number;
  readonly changes: number;
  readonly changesByKind: Readonly<Partial<Record<ChangeKind, number>>>;
  readonly seconds: number;
  /** The median of each minute. */
  readonly rssMiB: readonly number[];
  readonly complaints: readonly string[];
  readonly comparison: Comparison | undefined;
}

export function churnTable(result: ChurnResult): string {
  const { comparison, rssMiB } = result;
  const kinds = Object.entries(result.changesByKind).map(([kind, made]) => `${kind} ${made}`);
  return textTable([
    [`churn: ${result.services} services, ${result.proxies} sidecars`, `${result.minutes} min`],
    ['changes', `${result.changes}, ${(result.changes / result.seconds).toFixed(1)} a second`],
    ...kinds.map((kind) => ['', kind]),
    ['reconnects (ended by istiod)', `${result.reconnects} (${result.endedByServer})`],
    ['responses, resources', `${result.responses}, ${result.resources}`],
    ['bytes', mebibytes(result.bytes)],
    ['rejected', String(result.rejected)],
    ['memory by minute, MiB', rssMiB.map((rss) => rss.toFixed(0)).join(' ')],
    ['memory', describeMemory(judgeMemory(rssMiB))],
    ['compared with a fresh istiod', `${comparison?.resources ?? 0} resources, ${comparison?.differences ?? 0} differ`],
  ]);
}

/** Why the run is not good enough, a line each. */
export function failures(result: ChurnResult): readonly string[] {
  const { comparison, complaints, rejected } = result;
  return [
    ...(judgeMemory(result.rssMiB).kind === 'grew' ? ['istiod holds more memory at the end than after 5 minutes'] : []),
    ...(rejected > 0 ? [`${rejected} responses were rejected`, ...complaints] : []),
    ...(comparison === undefined || comparison.resources === 0 ? ['nothing was compared'] : []),
    ...(comparison !== undefined && comparison.differences > 0
      ? [`${comparison.differences} resources differ from those of a fresh istiod`, ...comparison.examples]
      : []),
  ];
}
