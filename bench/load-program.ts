import { spawn } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { goBuild, sourceHash } from '../e2e/cluster/binaries.ts';
import { cached } from '../e2e/cluster/cache.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { reported } from '../e2e/cluster/progress.ts';
import { boundCommand } from './bound-command.ts';
import type { LoadReport } from './load-report.ts';
import type { MeasuredServer } from './measured-istiod.ts';

/** The work of one run, as xdsload's options of the same names. */
export interface LoadOptions {
  readonly services: number;
  readonly proxies: number;
  readonly rounds: number;
  readonly change?: string;
  readonly protocol?: string;
  /** Milliseconds of rest between rounds. */
  readonly pause?: number;
  /** Rounds before those that are timed. */
  readonly warmup?: number;
  /** Sidecars that connect at once; 0 for all of them. */
  readonly dial?: number;
  /** Sidecars that are turned away come back after Envoy's times. */
  readonly envoyBackoff?: boolean;
  /** Changes a second, for so many seconds, to so many services, instead of rounds. */
  readonly storm?: { readonly rate: number; readonly seconds: number; readonly services: number };
  /** Seconds that a change may take. */
  readonly timeout?: number;
}

const namespaceCount = 20;

/** The path of a load program, built from the folder of its name once per user and content. */
export async function ensureLoadProgram(progress: Progress, name: 'xdsload' | 'caload' = 'xdsload'): Promise<string> {
  const source = join(import.meta.dirname, name);
  const files = (await readdir(source)).filter((file) => file.endsWith('.go') || file.startsWith('go.')).sort();
  const make = (folder: string): Promise<void> =>
    reported(progress, `${name}: building, up to 2 minutes on two cores`, () =>
      goBuild(source, join(folder, name), ['-s', '-w']),
    );
  const key = `${name}/${await sourceHash(source, files)}`;
  return join(await cached({ key, title: name, make }, progress), name);
}

/** Runs xdsload to its end; `onSync` is called once all sidecars are in sync. Rejects when it printed no report. */
export async function runLoad(
  program: string,
  server: MeasuredServer,
  options: LoadOptions,
  onSync: () => void = () => undefined,
): Promise<LoadReport> {
  const args = [...serverArguments(server), ...loadArguments(options)];
  const onProgress = (text: string): void => (/sidecars in sync/.test(text) ? onSync() : undefined);
  const { code, output } = await startProgram(program, args, onProgress).ended;
  // It ends with 1, and a report all the same, when changes were lost.
  if (!output.trimStart().startsWith('{')) throw new Error(`xdsload ended with exit code ${code ?? 'of a signal'}`);
  return JSON.parse(output) as LoadReport;
}

/** Deletes what an earlier run left in a cluster that is not thrown away; its namespaces stay. */
export async function clearLoad(program: string, server: MeasuredServer): Promise<void> {
  const { code } = await runProgram(program, [
    ...serverArguments(server),
    ...['-namespaces', String(namespaceCount), '-clear'],
  ]);
  if (code !== 0) throw new Error(`xdsload could not clear the namespaces load-* of ${server.kubeconfig}`);
}

function serverArguments({ address, pid, kubeconfig }: MeasuredServer): readonly string[] {
  return ['-addr', address, '-pid', String(pid), '-kubeconfig', kubeconfig];
}

function loadArguments(options: LoadOptions): readonly string[] {
  const { storm } = options;
  const given: readonly (readonly [string, string | number | undefined])[] = [
    ['-services', options.services],
    ['-proxies', options.proxies],
    ['-namespaces', Math.min(namespaceCount, options.services)],
    ['-rounds', options.rounds],
    ['-change', options.change],
    ['-protocol', options.protocol],
    ['-pause', options.pause === undefined ? undefined : `${options.pause}ms`],
    ['-warmup', options.warmup],
    ['-dial', options.dial],
    ['-timeout', options.timeout === undefined ? undefined : `${options.timeout}s`],
    ['-storm-rate', storm?.rate],
    ['-storm-for', storm === undefined ? undefined : `${storm.seconds}s`],
    ['-storm-services', storm?.services],
  ];
  const values = given.flatMap(([name, value]) => (value === undefined ? [] : [name, String(value)]));
  return options.envoyBackoff === true ? [...values, '-envoy-backoff'] : values;
}

/** A load program that runs. */
export interface RunningProgram {
  /** Resolves at its end. */
  readonly ended: Promise<{ readonly code: number | null; readonly output: string }>;
  readonly pid: number | undefined;
  /** Asks it to come to an end by itself. */
  stop(): void;
}

/** Runs a load program to its end; its output. What it says of its progress goes to standard error. */
export function runProgram(program: string, args: readonly string[]): RunningProgram['ended'] {
  return startProgram(program, args).ended;
}

/** Starts a load program; `onProgress` is told what it says of its progress, which goes to standard error, too. */
export function startProgram(
  program: string,
  args: readonly string[],
  onProgress: (text: string) => void = () => undefined,
): RunningProgram {
  const [command, ...rest] = boundCommand(program, args);
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => {
    process.stderr.write(chunk);
    onProgress(chunk.toString());
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { pid: child.pid, ended: ended.then((code) => ({ code, output })), stop: () => child.kill('SIGTERM') };
}
