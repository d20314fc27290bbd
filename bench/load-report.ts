/** What one run of xdsload measures; its own names. Times in milliseconds, memory in MiB, CPU in seconds of the server. */
export interface LoadReport {
  readonly protocol: string;
  readonly change: string;
  readonly proxies: number;
  readonly services: number;
  readonly firstSyncAllMs: number;
  readonly firstSyncP99Ms: number;
  readonly firstSyncBytes: number;
  readonly firstSyncServerCpuS: number;
  readonly serverRssAfterSyncMiB: number;
  readonly rounds: number;
  readonly arrivalsLost: number;
  readonly arrivalP50Ms: number;
  readonly arrivalP99Ms: number;
  readonly arrivalMaxMs: number;
  readonly bytesPerRound: number;
  readonly serverCpuSPerRound: number;
  /** That of the median round, without what comes now and then, such as a garbage collection. */
  readonly serverCpuSPerRoundP50: number;
  readonly serverRssPeakMiB: number;
  readonly nacks: number;
  readonly connectRetries: number;
  readonly sidecarsTurnedAway: number;
  readonly storm?: StormReport;
  readonly clientError?: string;
}

/** Changes without a rest between them. */
export interface StormReport {
  readonly services: number;
  readonly writes: number;
  readonly seconds: number;
  readonly writesPerSecond: number;
  /** Mean over all sidecars, from the first write until all have the newest state. */
  readonly pushesPerSecondPerSidecar: number;
  /** Of any sidecar in any second. */
  readonly pushesInOneSecondMax: number;
  /** From the last write's answer until the last sidecar has the newest state of every service. */
  readonly newestEverywhereAfterMs: number;
  readonly sidecarsWithoutNewest: number;
  readonly serverCpuS: number;
  readonly serverCpuSPerSecond: number;
  readonly serverRssPeakMiB: number;
  readonly bytes: number;
}

/** Whether everything arrived, and nothing was rejected. */
export function isSound({ clientError, arrivalsLost, nacks }: LoadReport): boolean {
  return clientError === undefined && arrivalsLost === 0 && nacks === 0;
}
