import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { goBuild, sourceHash } from '../e2e/cluster/binaries.ts';
import { cached } from '../e2e/cluster/cache.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { reported } from '../e2e/cluster/progress.ts';

/** What one run measures; xdsload's own names. Times in milliseconds, memory in MiB, CPU in seconds of the server. */
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
  readonly serverRssPeakMiB: number;
  readonly nacks: number;
  readonly connectRetries: number;
  readonly clientError?: string;
}

export interface LoadOptions {
  /** Plaintext ADS address, `host:port`. */
  readonly address: string;
  /** Process id of the server, whose CPU time and memory are read. */
  readonly pid: number;
  /** The cluster that the changes are written to. */
  readonly kubeconfig: string;
  readonly services: number;
  readonly proxies: number;
  readonly rounds: number;
  readonly change: string;
  readonly protocol: string;
}

const source = join(import.meta.dirname, 'xdsload');

/** The path of xdsload, built once per user and content. */
export async function ensureLoadProgram(progress: Progress): Promise<string> {
  const files = (await readdir(source)).filter((name) => name.endsWith('.go') || name.startsWith('go.')).sort();
  const make = (folder: string): Promise<void> =>
    reported(progress, 'xdsload: building, about 2 minutes on two cores', () =>
      goBuild(source, join(folder, 'xdsload'), ['-s', '-w']),
    );
  const key = `xdsload/${await sourceHash(source, files)}`;
  return join(await cached({ key, title: 'xdsload', make }, progress), 'xdsload');
}

/** Runs xdsload to its end. Its progress goes to standard error. Rejects when it printed no report. */
export async function runLoad(program: string, options: LoadOptions): Promise<LoadReport> {
  const args = [
    ['-addr', options.address],
    ['-pid', String(options.pid)],
    ['-kubeconfig', options.kubeconfig],
    ['-services', String(options.services)],
    ['-proxies', String(options.proxies)],
    ['-namespaces', String(Math.min(20, options.services))],
    ['-rounds', String(options.rounds)],
    ['-change', options.change],
    ['-protocol', options.protocol],
  ].flat();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // It ends with 1, and a report all the same, when changes were lost.
  if (!output.trimStart().startsWith('{')) throw new Error(`xdsload ended with exit code ${code ?? 'of a signal'}`);
  return JSON.parse(output) as LoadReport;
}
