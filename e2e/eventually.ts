import { setTimeout as sleep } from 'node:timers/promises';
import { describeError } from '../lib/errors.ts';

export interface Patience {
  /** Longest wait, milliseconds; 60,000 by default. */
  readonly withinMs?: number;
  /** Between looks, milliseconds; 200 by default. */
  readonly everyMs?: number;
}

/**
 * Looks until `look` returns something other than undefined. What it throws is tried again too; after the longest wait
 * the last of it becomes the error's words.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  { withinMs = 60_000, everyMs = 200 }: Patience = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let last = 'it never was';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = describeError(error);
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s; ${last}`);
    await sleep(everyMs);
  }
}
