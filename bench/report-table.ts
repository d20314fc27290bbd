import type { LoadReport } from './load-program.ts';

const mebibyte = 1024 * 1024;

/** A report for people: what was measured, one line each. */
export function reportTable(report: LoadReport): string {
  const rows: readonly (readonly [string, string])[] = [
    ['protocol, change', `${report.protocol}, ${report.change}`],
    ['services, sidecars', `${report.services}, ${report.proxies}`],
    ['first sync of all', `${milliseconds(report.firstSyncAllMs)}, ${mebibytes(report.firstSyncBytes)}`],
    ['  server CPU', seconds(report.firstSyncServerCpuS)],
    ['  server memory after', `${report.serverRssAfterSyncMiB.toFixed(0)} MiB`],
    [`one change (${report.rounds} rounds)`, `${mebibytes(report.bytesPerRound)} a round`],
    ['  arrival p50, p99, max', arrivals(report)],
    ['  server CPU', `${seconds(report.serverCpuSPerRound)} a round`],
    ['server memory, peak', `${report.serverRssPeakMiB.toFixed(0)} MiB`],
    ['lost, rejected, retries', `${report.arrivalsLost}, ${report.nacks}, ${report.connectRetries}`],
    ...(report.clientError === undefined ? [] : [['error', report.clientError] as const]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function arrivals({ arrivalP50Ms, arrivalP99Ms, arrivalMaxMs }: LoadReport): string {
  return [arrivalP50Ms, arrivalP99Ms, arrivalMaxMs].map(milliseconds).join(', ');
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 100 ? 1 : 0)} ms`;
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / mebibyte).toFixed(2)} MiB`;
}
