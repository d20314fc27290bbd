import { milliseconds, textTable } from './figures.ts';

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
