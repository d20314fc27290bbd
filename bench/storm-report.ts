import { mebibytes, milliseconds, seconds, textTable } from './figures.ts';
import type { LoadReport, StormReport } from './load-report.ts';

/** A storm of changes leaves once in 100 ms; the first of it may leave at once. */
const mostPushesPerSecond = 11;

/** Whether sidecars were pushed to no more often than the coalescing allows. */
export function isBounded({ pushesPerSecondPerSidecar }: StormReport): boolean {
  return pushesPerSecondPerSidecar <= mostPushesPerSecond;
}

export function changeStormTable(report: LoadReport): string {
  const { storm, protocol, services, proxies } = report;
  const heading = [`storm of changes: ${protocol}, ${services} services, ${proxies} sidecars`, ''];
  if (storm === undefined) return textTable([heading, ['error', report.clientError ?? 'not reached']]);
  const pushes = `${storm.pushesPerSecondPerSidecar.toFixed(1)} (${storm.pushesInOneSecondMax})`;
  return textTable([
    heading,
    ['services that changed', String(storm.services)],
    ['writes', `${storm.writes} in ${seconds(storm.seconds)}, ${storm.writesPerSecond.toFixed(0)} a second`],
    ['server CPU', `${seconds(storm.serverCpuS)}, ${storm.serverCpuSPerSecond.toFixed(2)} of a core`],
    ['pushes a second for each sidecar (most)', pushes],
    ['newest everywhere after the last write', milliseconds(storm.newestEverywhereAfterMs)],
    ['bytes', mebibytes(storm.bytes)],
    ['server memory, before and peak', memory(report.serverRssAfterSyncMiB, storm.serverRssPeakMiB)],
    ['behind, rejected', `${storm.sidecarsWithoutNewest}, ${report.nacks}`],
    ...error(report),
  ]);
}

export function reconnectStormTable(report: LoadReport): string {
  const { protocol, services, proxies } = report;
  return textTable([
    [`storm of reconnects: ${protocol}, ${services} services, ${proxies} sidecars`, ''],
    ['all in sync after', milliseconds(report.firstSyncAllMs)],
    ['p99', milliseconds(report.firstSyncP99Ms)],
    ['server CPU', seconds(report.firstSyncServerCpuS)],
    ['bytes', mebibytes(report.firstSyncBytes)],
    ['server memory, after and peak', memory(report.serverRssAfterSyncMiB, report.serverRssPeakMiB)],
    ['turned away and came back: sidecars, times', `${report.sidecarsTurnedAway}, ${report.connectRetries}`],
    ...error(report),
  ]);
}

function memory(first: number, peak: number): string {
  return `${first.toFixed(0)}, ${peak.toFixed(0)} MiB`;
}

function error({ clientError }: LoadReport): readonly (readonly string[])[] {
  return clientError === undefined ? [] : [['error', clientError]];
}
