import { counter, gauge, histogram } from '../metrics.ts';
import type { Registry } from '../metrics.ts';
import { backoffMs } from './backoff.ts';

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
  /** Keys that are ready and wait to be taken. */
  readonly length: number;
  /** A key that is being processed comes again after its `done`. */
  add(key: K): void;
  /** Of several delays of one key the shortest holds. */
  addAfter(key: K, delayMs: number): void;
  /** After the key's back-off, which grows with each call until `forget`, and not before `atLeastMs`. */
  addRateLimited(key: K, atLeastMs?: number): void;
  forget(key: K): void;
  /** How often in a row the key was added rate limited. */
  failures(key: K): number;
  /** The next key, or undefined once the queue is shut down and empty of ready keys. `done` must follow. */
  take(): Promise<K | undefined>;
  done(key: K): void;
  /** No more keys are accepted; delayed ones are dropped, ready ones still handed out. */
  shutDown(): void;
}

export function createWorkQueue<K extends string = string>(options: WorkQueueOptions): WorkQueue<K> {
  return new KeyQueue<K>(options);
}

/** The longest that a Node timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

class KeyQueue<K extends string> implements WorkQueue<K> {
  readonly name: string;
  readonly #options: WorkQueueOptions;
  readonly #metrics: QueueMetrics | undefined;
  /** Ready keys in order, with the time at which they were added. */
  readonly #ready = new Map<K, number>();
  readonly #processing = new Map<K, number>();
  /** Added while being processed. */
  readonly #again = new Set<K>();
  readonly #delayed = new Map<K, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  readonly #failures = new Map<K, number>();
  readonly #takers: ((key: K | undefined) => void)[] = [];
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    this.name = options.name;
    this.#options = options;
    this.#metrics = options.metrics && queueMetrics(options.metrics, options.name);
  }

  get length(): number {
    return this.#ready.size;
  }

  add(key: K): void {
    if (this.#shutDown || this.#ready.has(key) || this.#again.has(key)) return;
    this.#metrics?.added();
    if (this.#processing.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.set(key, performance.now());
    this.#metrics?.depth(this.#ready.size);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(this.#next());
  }

  addAfter(key: K, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const at = performance.now() + delayMs;
    const pending = this.#delayed.get(key);
    if (pending !== undefined && pending.at <= at) return;
    clearTimeout(pending?.timer);
    const timer = setTimeout(() => this.#elapse(key, at), Math.min(delayMs, MAX_TIMER_MS));
    this.#delayed.set(key, { at, timer });
  }

  addRateLimited(key: K, atLeastMs = 0): void {
    const failures = this.failures(key) + 1;
    this.#failures.set(key, failures);
    this.#metrics?.retried();
    const { baseDelayMs = 5, maxDelayMs = 1_000_000 } = this.#options;
    this.addAfter(key, Math.max(atLeastMs, backoffMs(failures, { baseMs: baseDelayMs, maxMs: maxDelayMs })));
  }

  forget(key: K): void {
    this.#failures.delete(key);
  }

  failures(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  take(): Promise<K | undefined> {
    if (this.#ready.size > 0 || this.#shutDown) return Promise.resolve(this.#next());
    return new Promise((resolve) => this.#takers.push(resolve));
  }

  done(key: K): void {
    const startedAt = this.#processing.get(key);
    if (startedAt === undefined) return;
    this.#processing.delete(key);
    this.#metrics?.worked(performance.now() - startedAt);
    if (!this.#again.delete(key)) return;
    this.#ready.set(key, performance.now());
    this.#metrics?.depth(this.#ready.size);
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(this.#next());
  }

  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) clearTimeout(timer);
    this.#delayed.clear();
    this.#again.clear();
    for (const taker of this.#takers.splice(0)) taker(this.#next());
  }

  #elapse(key: K, at: number): void {
    this.#delayed.delete(key);
    const remainingMs = at - performance.now();
    if (remainingMs > 1) this.addAfter(key, remainingMs);
    else this.add(key);
  }

  #next(): K | undefined {
    const first = this.#ready.entries().next();
    if (first.done === true) return undefined;
    const [key, addedAt] = first.value;
    this.#ready.delete(key);
    this.#processing.set(key, performance.now());
    this.#metrics?.depth(this.#ready.size);
    this.#metrics?.waited(performance.now() - addedAt);
    return key;
  }
}

interface QueueMetrics {
  added(): void;
  retried(): void;
  depth(keys: number): void;
  waited(ms: number): void;
  worked(ms: number): void;
}

/** Names as in client-go's work queues, which dashboards know. */
function queueMetrics(registry: Registry, name: string): QueueMetrics {
  const labelNames = ['name'] as const;
  const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];
  const depth = gauge(registry, { name: 'workqueue_depth', help: 'Keys that wait.', labelNames });
  const adds = counter(registry, { name: 'workqueue_adds_total', help: 'Keys added.', labelNames });
  const retries = counter(registry, { name: 'workqueue_retries_total', help: 'Keys added again.', labelNames });
  const wait = histogram(registry, {
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key waits before it is processed.',
    labelNames,
    buckets,
  });
  const work = histogram(registry, {
    name: 'workqueue_work_duration_seconds',
    help: 'How long a key is processed.',
    labelNames,
    buckets,
  });
  depth.set({ name }, 0);
  return {
    added: () => adds.inc({ name }),
    retried: () => retries.inc({ name }),
    depth: (keys) => depth.set({ name }, keys),
    waited: (ms) => wait.observe({ name }, ms / 1000),
    worked: (ms) => work.observe({ name }, ms / 1000),
  };
}
