import { setTimeout as sleep } from 'node:timers/promises';

/** Time, so that tests can move it. */
export interface Clock {
  /** The time of day, in Unix milliseconds. */
  now(): number;
  /** Milliseconds that only ever grow, for durations. */
  monotonic(): number;
  /** Resolves after the time, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => undefined),
};

/** metav1.MicroTime. */
export function formatMicroTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace('Z', '000Z');
}
