import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startComponent, stopProcess, untilReady } from '../../e2e/cluster/component.ts';
import { freePorts } from '../../e2e/cluster/ports.ts';
import { boundCommand } from '../bound-command.ts';
import { shippedNodeOptions } from '../measured-istiod.ts';

/** A replica of the operator that is measured from outside. */
export interface MeasuredOperator {
  readonly identity: string;
  readonly pid: number;
  /** Milliseconds from its start until it was ready: every kind was listed. */
  readonly readyAfterMs: number;
  cpuMs(): Promise<number>;
  /** Resident memory, in MiB. */
  memory(): Promise<{ readonly now: number; readonly peak: number }>;
  /** Sum over the labels of one of its metrics. */
  metric(name: string): Promise<number>;
  /** Resolves when it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

export interface MeasuredOperatorOptions {
  readonly identity: string;
  readonly kubeconfig: string;
  /** `meltemi.js`. */
  readonly program: string;
  /** For its log. */
  readonly folder: string;
}

/** Starts a replica and waits until it is ready. */
export async function startMeasuredOperator(options: MeasuredOperatorOptions): Promise<MeasuredOperator> {
  const { identity, kubeconfig, program, folder } = options;
  if (!existsSync(program)) throw new Error(`there is no ${program}; make it by \`npm run build\``);
  const [metrics = 0, health = 0] = await freePorts(2);
  const [command, ...args] = boundCommand(process.execPath, [
    ...[...shippedNodeOptions(), program, 'operator', '--kubeconfig', kubeconfig, '--namespace', 'default'],
    ...['--metrics-address', `127.0.0.1:${metrics}`, '--health-address', `127.0.0.1:${health}`],
  ]);
  const component = { name: identity, command, args, log: join(folder, `${identity}.log`) };
  const startedAt = performance.now();
  const running = await startComponent(component);
  const { pid } = running;
  await untilReady(identity, [{ component, process: running }], () => isReady(health), 120_000);
  return {
    identity,
    pid,
    readyAfterMs: performance.now() - startedAt,
    cpuMs: () => cpuMs(pid),
    memory: () => memory(pid),
    metric: (name) => metric(`http://127.0.0.1:${metrics}/metrics`, name),
    end: async (signal) => {
      if (signal === 'SIGTERM') return stopProcess(running);
      process.kill(pid, signal);
      await stopProcess(running);
    },
  };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** Of all threads (Linux, `/proc/<pid>/task/<tid>/schedstat`: nanoseconds on a CPU). */
async function cpuMs(pid: number): Promise<number> {
  let nanoseconds = 0;
  for (const thread of await readdir(`/proc/${pid}/task`)) {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '');
    nanoseconds += Number(text.split(' ')[0] ?? 0);
  }
  return nanoseconds / 1e6;
}

/** proc(5), `VmRSS` and `VmHWM`. */
async function memory(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mebibytes = (field: string): number => {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
    if (kib === undefined) throw new Error(`/proc/${pid}/status has no ${field}`);
    return Number(kib) / 1024;
  };
  return { now: mebibytes('VmRSS'), peak: mebibytes('VmHWM') };
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
