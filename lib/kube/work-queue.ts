import type { Registry } from '../metrics.ts';

export interface WorkQueueOptions {
  /** Label of the metrics. */
  readonly name: string;
  /** Delay after a key's first failure, 5 ms by default; it doubles with each further one. */
  readonly baseDelayMs?: number;
  /** Longest delay, 1,000,000 ms by default. */
  readonly maxDelayMs?: number;
  readonly metrics?: Registry;
}

/** A queue of keys: a key that waits is there once, and a key being processed is not handed out again before `done`. */
export interface WorkQueue<K extends string = string> {
  readonly name: string;
  readonly length: number;
  /** A key that is being processed comes again after its `done`. */
  add(key: K): void;
  addAfter(key: K, delayMs: number): void;
  /** After the key's back-off, which grows with each call until `forget`. */
  addRateLimited(key: K): void;
  forget(key: K): void;
  /** How often in a row the key was added rate limited. */
  failures(key: K): number;
  /** The next key, or undefined once the queue is shut down and empty of ready keys. `done` must follow. */
  take(): Promise<K | undefined>;
  done(key: K): void;
  /** No more keys are accepted; delayed ones are dropped, ready ones still handed out. */
  shutDown(): void;
}
