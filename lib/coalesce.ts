/** Calls of `trigger` that come close together, made one call of `run`. */
export interface Coalescer {
  readonly trigger: () => void;
  /** Runs at once what is pending, if anything is. */
  readonly flush: () => void;
  /** Forgets what is pending. */
  readonly stop: () => void;
}

export interface CoalesceOptions {
  /** `run` starts when nothing was triggered for this long, milliseconds. */
  readonly quietMs: number;
  /** ... and after this long at the latest, however much is triggered; in the long run not more often than this. */
  readonly maxMs: number;
  /** So many runs may follow each other faster than that, after a rest. */
  readonly burst: number;
  /** `triggeredAt` is the time (`performance.now()`) of the first of the merged triggers. */
  readonly run: (triggeredAt: number) => void;
}

export function coalesce({ quietMs, maxMs, burst, run }: CoalesceOptions): Coalescer {
  const allowance = newAllowance(burst, maxMs);
  let first: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (first === undefined) return;
    const triggeredAt = first;
    first = undefined;
    allowance.take();
    run(triggeredAt);
  };
  return {
    trigger() {
      const now = performance.now();
      first ??= now;
      clearTimeout(timer);
      const due = Math.min(now + quietMs, first + maxMs);
      timer = setTimeout(flush, Math.max(0, due - now, allowance.waitMs()));
    },
    flush,
    stop() {
      clearTimeout(timer);
      timer = undefined;
      first = undefined;
    },
  };
}

/** A token bucket: `burst` at once, then one for each `everyMs`. */
function newAllowance(burst: number, everyMs: number): { readonly waitMs: () => number; readonly take: () => void } {
  let left = burst;
  let countedAt = performance.now();
  const count = (): number => {
    const now = performance.now();
    left = Math.min(burst, left + (now - countedAt) / everyMs);
    countedAt = now;
    return left;
  };
  return {
    waitMs: () => Math.max(0, 1 - count()) * everyMs,
    take: () => (left = Math.max(0, count() - 1)),
  };
}
