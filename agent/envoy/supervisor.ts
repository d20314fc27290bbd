import { spawn } from 'node:child_process';
import type { Logger } from '../../lib/logger.ts';
import { isAlive, markOf, readLivingMark, writeMark } from './process-mark.ts';
import type { ProcessMark } from './process-mark.ts';

export interface SupervisorOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Where the running Envoy is written down, for an agent that comes after this one. */
  readonly markFile: string;
  readonly log: Logger;
  /** Times in milliseconds; tests shorten them. */
  readonly firstRestartMs?: number;
  readonly longestRestartMs?: number;
  readonly pollMs?: number;
}

/** An Envoy that ran this long was well: the next restart is at once again. */
const healthyMs = 60_000;

/**
 * Keeps one Envoy running. It is started in a session of its own, so that it outlives an agent that crashes; the agent
 * that comes next finds it by its mark and looks after it as if it had started it.
 */
export class EnvoySupervisor {
  readonly #options: SupervisorOptions;
  #running: { readonly mark: ProcessMark; readonly since: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopping = false;
  #exited: () => void = () => undefined;
  /** How often Envoy was started by this agent, the first time included. */
  starts = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  get pid(): number | undefined {
    return this.#running?.mark.pid;
  }

  /** Takes over an Envoy that runs already; false when none does. */
  adopt(): boolean {
    const mark = readLivingMark(this.#options.markFile);
    if (mark === undefined) return false;
    this.#options.log.info('found Envoy running and look after it', { pid: mark.pid });
    this.#running = { mark, since: Date.now() };
    this.#poll(mark);
    return true;
  }

  start(): void {
    if (this.#running !== undefined || this.#stopping) return;
    const { program, args, markFile, log } = this.#options;
    const child = spawn(program, [...args], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });
    this.starts++;
    let over = false;
    const ended = (reason: string): void => {
      if (!over) this.#ended(reason);
      over = true;
    };
    child.on('error', (error) => ended(error.message));
    child.on('exit', (code, signal) => ended(signal === null ? `exit code ${code ?? 0}` : `signal ${signal}`));
    if (child.pid === undefined) return;
    child.unref();
    const mark = markOf(child.pid) ?? { pid: child.pid, startTicks: 0 };
    writeMark(markFile, mark);
    this.#running = { mark, since: Date.now() };
    log.info('started Envoy', { pid: child.pid });
  }

  /** Ends Envoy: by SIGTERM, and by SIGKILL when that takes longer than `graceMs`. Resolves when it is gone. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    if (this.#running === undefined) return;
    const { mark } = this.#running;
    const gone = new Promise<void>((resolve) => {
      this.#exited = resolve;
    });
    this.#poll(mark);
    signal(mark, 'SIGTERM');
    const killer = setTimeout(() => signal(mark, 'SIGKILL'), graceMs);
    await gone;
    clearTimeout(killer);
  }

  /** The end of a process that is not our child is seen by looking. */
  #poll(mark: ProcessMark): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        if (this.#running?.mark !== mark) return;
        if (isAlive(mark)) this.#poll(mark);
        else this.#ended('it is gone');
      },
      this.#options.pollMs ?? (this.#stopping ? 50 : 1000),
    );
  }

  #ended(reason: string): void {
    const ranFor = this.#running === undefined ? 0 : Date.now() - this.#running.since;
    this.#running = undefined;
    clearTimeout(this.#timer);
    this.#exited();
    if (this.#stopping) return;
    const { log, firstRestartMs = 100, longestRestartMs = 10_000 } = this.#options;
    this.#failures = ranFor >= healthyMs ? 0 : this.#failures + 1;
    const wait = this.#failures === 0 ? 0 : Math.min(longestRestartMs, firstRestartMs * 2 ** (this.#failures - 1));
    log.error('Envoy ended and will be started again', {
      reason,
      ranForSeconds: Math.round(ranFor / 1000),
      inMs: wait,
    });
    this.#timer = setTimeout(() => this.start(), wait);
  }
}

function signal(mark: ProcessMark, name: NodeJS.Signals): void {
  try {
    if (isAlive(mark)) process.kill(mark.pid, name);
  } catch {
    // It ended between the two.
  }
}
