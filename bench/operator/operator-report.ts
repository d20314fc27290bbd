import { milliseconds, textTable } from '../figures.ts';

/** What one kind of change costs: the mean CPU of the operator, and when it had done its part. */
export interface ChangeCost {
  readonly cpuMs: number;
  readonly p50Ms: number;
  readonly maxMs: number;
}

/** Times in milliseconds, memory in MiB; CPU is that of the leading replica. */
export interface OperatorReport {
  readonly namespaces: number;
  readonly pods: number;
  readonly rounds: number;
  /** From the start of the process until every kind was listed. */
  readonly firstSyncMs: number;
  readonly firstSyncCpuMs: number;
  readonly rssAfterFirstSyncMiB: number;
  /** From the making of the first MeshControlPlane until the last namespace has the root certificate. */
  readonly installMs: number;
  readonly installCpuMs: number;
  readonly changes: {
    /** A setting of the MeshControlPlane, until it is in the Deployment. */
    readonly controlPlane: ChangeCost;
    /** A namespace is made, until it has the root certificate. */
    readonly namespace: ChangeCost;
    /** A pod with a sidecar is made; nothing has to come of it. */
    readonly pod: Pick<ChangeCost, 'cpuMs'>;
  };
  /** Another root, until the last namespace has it. */
  readonly newRootMs: number;
  readonly newRootCpuMs: number;
  readonly settledSeconds: number;
  readonly settledWrites: number;
  readonly settledReconciles: number;
  readonly settledCpuMsPerSecond: number;
  readonly rssSettledMiB: number;
  readonly rssPeakMiB: number;
  /** From the kill -9 of the leader until the other replica has repaired something. */
  readonly takeoverAfterKillMs: number;
  /** From the leader's clean end until the other replica has repaired something. */
  readonly takeoverAfterEndMs: number;
}

/** What is held to: the issue's own bounds. */
export const bounds = { takeoverAfterKillMs: 15_000, takeoverAfterEndMs: 2_000 } as const;

/** What is beyond its bound, in words. */
export function excesses(report: OperatorReport, rssLimitMiB: number): readonly string[] {
  const { rssPeakMiB, takeoverAfterKillMs, takeoverAfterEndMs, settledWrites, settledReconciles } = report;
  return [
    ...(rssPeakMiB > rssLimitMiB ? [`${mebibytes(rssPeakMiB)} of memory are more than ${mebibytes(rssLimitMiB)}`] : []),
    ...(takeoverAfterKillMs > bounds.takeoverAfterKillMs ? ['nobody went on within 15 s after a kill'] : []),
    ...(takeoverAfterEndMs > bounds.takeoverAfterEndMs ? ['nobody went on within 2 s after a clean end'] : []),
    ...(settledWrites + settledReconciles > 0 ? ['it does something when there is nothing to do'] : []),
  ];
}

export function operatorTable(report: OperatorReport): string {
  const { changes } = report;
  const change = (name: string, { cpuMs, p50Ms, maxMs }: ChangeCost): string[][] => [
    [`${name}: until it is carried out, p50 / max`, `${milliseconds(p50Ms)} / ${milliseconds(maxMs)}`],
    ['  CPU', milliseconds(cpuMs)],
  ];
  return textTable([
    [`${report.namespaces} namespaces, ${report.pods} pods with sidecars`, ''],
    ['first sync', milliseconds(report.firstSyncMs)],
    ['  CPU', milliseconds(report.firstSyncCpuMs)],
    ['  memory after', mebibytes(report.rssAfterFirstSyncMiB)],
    ['installation, with a root certificate in every namespace', milliseconds(report.installMs)],
    ['  CPU', milliseconds(report.installCpuMs)],
    ...change('a MeshControlPlane changes', changes.controlPlane),
    ...change('a namespace is made', changes.namespace),
    ['a pod is made: CPU', milliseconds(changes.pod.cpuMs)],
    ['another root, until every namespace has it', milliseconds(report.newRootMs)],
    ['  CPU', milliseconds(report.newRootCpuMs)],
    [
      `writes / reconciles in ${report.settledSeconds} s of quiet`,
      `${report.settledWrites} / ${report.settledReconciles}`,
    ],
    ['  CPU of one second', milliseconds(report.settledCpuMsPerSecond)],
    ['  memory', mebibytes(report.rssSettledMiB)],
    ['memory, peak', mebibytes(report.rssPeakMiB)],
    ['another replica went on after kill -9', milliseconds(report.takeoverAfterKillMs)],
    ['  after a clean end', milliseconds(report.takeoverAfterEndMs)],
  ]);
}

function mebibytes(value: number): string {
  return `${value.toFixed(0)} MiB`;
}
