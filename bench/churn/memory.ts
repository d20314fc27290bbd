import { readFile } from 'node:fs/promises';
import { quantile } from '../figures.ts';

/** Minutes after which a server should not grow any more. */
const steadyAfter = 5;
const mostGrowth = 1.1;

/** How the memory of a server went: the median of each minute, in MiB. */
export type MemoryVerdict =
  { readonly kind: 'too short' } | { readonly kind: 'steady' | 'grew'; readonly growth: number };

/** Compares the last minute with the fifth; a tenth more is too much. */
export function judgeMemory(minutes: readonly number[]): MemoryVerdict {
  const [first, last] = [minutes[steadyAfter - 1], minutes.at(-1)];
  if (first === undefined || last === undefined || minutes.length === steadyAfter) return { kind: 'too short' };
  const growth = last / first;
  return { kind: growth <= mostGrowth ? 'steady' : 'grew', growth };
}

export function describeMemory(verdict: MemoryVerdict): string {
  if (verdict.kind === 'too short') return `not judged: the run was not longer than ${steadyAfter} minutes`;
  const percent = ((verdict.growth - 1) * 100).toFixed(1);
  return `${verdict.kind}: ${percent} % against minute ${steadyAfter}, at most 10 % are allowed`;
}

/** Resident memory of a process in MiB (proc(5), `VmRSS`). */
async function residentMiB(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`/proc/${pid}/status does not say how much memory is resident`);
  return Number(kib) / 1024;
}

/** Looks at a process once a second. */
export class MemorySamples implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #samples: number[] = [];
  #lost: unknown;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      residentMiB(pid).then(
        (sample) => this.#samples.push(sample),
        (error: unknown) => (this.#lost = error),
      );
    }, 1_000);
  }

  /** The median since the last call. Throws when the process is gone. */
  take(): number {
    if (this.#lost !== undefined) throw new Error('istiod has ended', { cause: this.#lost });
    const samples = this.#samples;
    this.#samples = [];
    return quantile(samples, 0.5);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
