import { milliseconds, ratio, textTable, times } from './figures.ts';
import type { LoadReport } from './load-report.ts';

/** What one run of caload measures; its own names. Times in milliseconds, memory in MiB, CPU of the server's process. */
export interface CaReport {
  readonly key: string;
  readonly tokens: number;
  readonly callers: number;
  readonly requests: number;
  readonly failed: number;
  readonly firstFailure?: string;
  readonly seconds: number;
  readonly certificatesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly serverCpuMsPerCertificate: number;
  readonly serverRssPeakMiB: number;
  readonly waves?: number;
}

/** What a certificate may cost with 32 callers on two cores that the load shares. */
export const caTargets = { certificatesPerSecond: 600, p99Ms: 80, serverCpuMsPerCertificate: 1.6 };

/** How many times as long as at rest a push may take while many pods ask for certificates. */
export const maxP99Ratio = 2;

export function meetsTargets(report: CaReport): boolean {
  return (
    report.failed === 0 &&
    report.certificatesPerSecond >= caTargets.certificatesPerSecond &&
    report.p99Ms <= caTargets.p99Ms &&
    report.serverCpuMsPerCertificate <= caTargets.serverCpuMsPerCertificate
  );
}

export function caTable(reports: readonly CaReport[]): string {
  const heading = ['requests', 'tokens', 'callers', 'a second', 'p50', 'p99', 'max', 'CPU of each', 'RSS', 'failed'];
  const rows = reports.map((it) => [
    `${it.requests} ${it.key}`,
    String(it.tokens),
    String(it.callers),
    it.certificatesPerSecond.toFixed(0),
    milliseconds(it.p50Ms),
    milliseconds(it.p99Ms),
    milliseconds(it.maxMs),
    `${it.serverCpuMsPerCertificate.toFixed(2)} ms`,
    `${it.serverRssPeakMiB.toFixed(0)} MiB`,
    it.firstFailure === undefined ? '0' : `${it.failed}: ${it.firstFailure}`,
  ]);
  return textTable([heading, ...rows]);
}

/** Pushes of xDS while nobody asks for certificates, and while many pods do. */
export interface PushReport {
  readonly rest: LoadReport;
  readonly busy: LoadReport;
  /** The certificates that were asked for meanwhile. */
  readonly waves: CaReport;
  /** p99 of the pushes, busy over rest. */
  readonly p99Ratio: number;
}

export function pushReport(rest: LoadReport, busy: LoadReport, waves: CaReport): PushReport {
  return { rest, busy, waves, p99Ratio: ratio(busy.arrivalP99Ms, rest.arrivalP99Ms) ?? Infinity };
}

export function pushTable({ rest, busy, waves, p99Ratio }: PushReport): string {
  const heading = `pushes to ${rest.proxies} sidecars, ${rest.services} services`;
  const row = (name: string, read: (report: LoadReport) => number): readonly string[] => [
    name,
    milliseconds(read(rest)),
    milliseconds(read(busy)),
    times(ratio(read(busy), read(rest))),
  ];
  const rows = [
    [heading, 'at rest', `${waves.callers} pods at once`, 'ratio'],
    row('p50', ({ arrivalP50Ms }) => arrivalP50Ms),
    ['p99', milliseconds(rest.arrivalP99Ms), milliseconds(busy.arrivalP99Ms), times(p99Ratio)],
    row('max', ({ arrivalMaxMs }) => arrivalMaxMs),
    ['certificates, p99, failed', '', `${waves.requests}, ${milliseconds(waves.p99Ms)}, ${waves.failed}`],
  ];
  return textTable(rows);
}
