import { spawn } from 'node:child_process';
import { openSync, closeSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { clusterEnvironment } from './environment.ts';
import { until } from './ports.ts';
import { lastLines } from './text.ts';

/**
 * A process, known so that it can be found again by another process: ids are used again after a while, but an id
 * together with the time of its start is not.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** In clock ticks since the machine's start (proc(5), `/proc/<pid>/stat` field 22); 0 where there is no /proc. */
  readonly startTime: number;
}

/** A program of a cluster that runs in the background, and where its output goes. */
export interface Component {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly log: string;
}

/** A component that ended although it was to run; its message holds the end of its log. */
export class ComponentDied extends Error {
  override readonly name = 'ComponentDied';
}

/** Field 22 of a line of `/proc/<pid>/stat`, and the state (field 3). The second field may hold blanks and brackets. */
export function parseStat(stat: string): { readonly state: string; readonly startTime: number } | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const startTime = Number(fields[19]);
  return state && Number.isFinite(startTime) ? { state, startTime } : undefined;
}

async function statOf(pid: number): Promise<ReturnType<typeof parseStat>> {
  return parseStat(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''));
}

/** The identity of a process that runs now. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await statOf(pid);
  return stat && stat.state !== 'Z' ? { pid, startTime: stat.startTime } : undefined;
}

/** Whether this very process still runs. */
export async function isAlive(process: ProcessIdentity): Promise<boolean> {
  return (await identify(process.pid))?.startTime === process.startTime;
}

/** Starts a component that goes on when this process ends. Its log begins anew. */
export async function startComponent(component: Component): Promise<ProcessIdentity> {
  await mkdir(dirname(component.log), { recursive: true });
  const output = openSync(component.log, 'w');
  try {
    const child = spawn(component.command, component.args, {
      env: clusterEnvironment(),
      detached: true,
      stdio: ['ignore', output, output],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (error) => reject(new ComponentDied(`${component.name} can't be started: ${error.message}`)));
    });
    child.unref();
    const identity = child.pid === undefined ? undefined : await identify(child.pid);
    if (!identity) throw await died(component);
    return identity;
  } finally {
    closeSync(output);
  }
}

/** The error for a component that ended, with the last of what it said. */
export async function died(component: Component): Promise<ComponentDied> {
  const log = await readFile(component.log, 'utf8').catch(() => '');
  return new ComponentDied(
    `${component.name} has died; the end of ${component.log}:\n${lastLines(log, 12) || '(empty)'}`,
  );
}

/** A component and the process that runs it. */
export interface RunningComponent {
  readonly component: Component;
  readonly process: ProcessIdentity;
}

/**
 * Waits until `check` says yes.
 * @throws ComponentDied as soon as one of the components has ended, Error when the time is over.
 */
export async function untilReady(
  what: string,
  running: readonly RunningComponent[],
  check: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  await until(
    what,
    async () => {
      for (const { component, process } of running) if (!(await isAlive(process))) throw await died(component);
      return check();
    },
    timeoutMs,
  );
}

const politeMs = 10_000;

/** Ends a process: SIGTERM, and SIGKILL after `waitMs` milliseconds. Does nothing to another one that has its id by now. */
export async function stopProcess(identity: ProcessIdentity, waitMs = politeMs): Promise<void> {
  if (!(await isAlive(identity))) return;
  signal(identity.pid, 'SIGTERM');
  const gone = async () => !(await isAlive(identity));
  try {
    await until(`process ${identity.pid} to end`, gone, waitMs, 20);
  } catch {
    signal(identity.pid, 'SIGKILL');
    await until(`process ${identity.pid} to end`, gone, politeMs, 20);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended in the meantime.
  }
}
