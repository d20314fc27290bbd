export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly baseMs: number;
  readonly maxMs: number;
  /** Share by which a delay may be longer or shorter, so that many clients do not come back at once; 0 by default. */
  readonly jitter?: number;
}

/**
 * Whether a failure is one to write about: the 1st in a row, the 2nd, the 4th, the 8th. What is said of a fault then
 * grows with the logarithm of its length.
 */
export function isNews(failures: number): boolean {
  return Number.isInteger(Math.log2(failures));
}

/** Exponential back-off: the delay after the given number of failures in a row (1 is the first). */
export function backoffMs(failures: number, options: BackoffOptions, random: () => number = Math.random): number {
  const jitter = options.jitter ?? 0;
  // Beyond 2^40 there is only the maximum, whatever the base is.
  const exact = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(failures - 1, 40));
  return exact * (1 - jitter + 2 * jitter * random());
}
