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
  /** ... and after this long at the latest, however much is triggered. */
  readonly maxMs: number;
  /** `triggeredAt` is the time (`performance.now()`) of the first of the merged triggers. */
  readonly run: (triggeredAt: number) => void;
}

export function coalesce({ quietMs, maxMs, run }: CoalesceOptions): Coalescer {
  let first: number | undefined;
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (first === undefined) return;
    const triggeredAt = first;
    first = undefined;
    run(triggeredAt);
  };
  return {
    trigger() {
      const now = performance.now();
      first ??= now;
      clearTimeout(timer);
      timer = setTimeout(flush, Math.max(0, Math.min(quietMs, first + maxMs - now)));
    },
    flush,
    stop() {
      clearTimeout(timer);
      timer = undefined;
      first = undefined;
    },
  };
}
