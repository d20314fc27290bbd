import type { Logger } from '../logger.ts';
import { counter, gauge, histogram } from '../metrics.ts';
import type { Registry } from '../metrics.ts';
import { isNews } from './backoff.ts';
import { retryAfterMs } from './error.ts';
import { TokenBuckets } from './token-buckets.ts';
import type { WorkQueue } from './work-queue.ts';

/**
 * Brings the object under `key` one step closer to what is asked for. It is told only where to look, never what
 * happened: it reads the present state itself. A thrown error means another try after the key's back-off, unless it is
 * a `TerminalError`, which waits for the object's next change.
 */
export type Reconciler<K extends string = string> = (key: K, context: ReconcileContext) => Promise<ReconcileResult>;

export interface ReconcileContext {
  readonly logger: Logger;
  /** Aborted when the controller must stop. */
  readonly signal: AbortSignal;
}

export interface ReconcileResult {
  /** Look again after this time even if nothing changes. */
  readonly requeueAfterMs?: number;
}

/** An error that trying again cannot cure. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

export interface ControllerOptions<K extends string> {
  readonly name: string;
  readonly queue: WorkQueue<K>;
  readonly reconcile: Reconciler<K>;
  /** Keys processed at the same time, 1 by default. */
  readonly concurrency?: number;
  readonly logger: Logger;
  readonly metrics?: Registry;
  /** Stops the controller: the queue is shut down, and running reconciles are awaited. */
  readonly signal: AbortSignal;
}

/**
 * Takes keys from the queue and reconciles them, until the signal aborts; resolves when the last running reconcile has
 * ended. Whatever a reconcile throws is logged (of many failures some) and never ends the controller. A server's
 * `Retry-After` is obeyed.
 */
export async function runController<K extends string>(options: ControllerOptions<K>): Promise<void> {
  const { queue, signal } = options;
  const stop = (): void => queue.shutDown();
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  const metrics = options.metrics && controllerMetrics(options.metrics, options.name);
  const log = failureLog();
  await Promise.all(Array.from({ length: options.concurrency ?? 1 }, () => work(options, metrics, log)));
  signal.removeEventListener('abort', stop);
}

async function work<K extends string>(
  options: ControllerOptions<K>,
  metrics: Metrics | undefined,
  log: FailureLog,
): Promise<void> {
  const { queue, signal } = options;
  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    // Keys that were still ready at the stop are left for the next leader.
    if (!signal.aborted) await reconcileOne(key, options, metrics, log);
    queue.done(key);
  }
}

async function reconcileOne<K extends string>(
  key: K,
  options: ControllerOptions<K>,
  metrics: Metrics | undefined,
  log: FailureLog,
): Promise<void> {
  const { queue, signal } = options;
  const logger = options.logger.child(options.name, { key });
  const startedAt = performance.now();
  metrics?.started();
  try {
    const { requeueAfterMs } = await options.reconcile(key, { logger, signal });
    queue.forget(key);
    if (requeueAfterMs !== undefined) queue.addAfter(key, requeueAfterMs);
    metrics?.ended(requeueAfterMs === undefined ? 'success' : 'requeue_after', performance.now() - startedAt);
  } catch (error) {
    metrics?.ended('error', performance.now() - startedAt);
    // Whoever comes next does it: the calls of a reconcile end with its controller.
    if (signal.aborted) {
      logger.debug('a reconcile was stopped', { error });
      return;
    }
    if (error instanceof TerminalError) {
      queue.forget(key);
      metrics?.terminal();
      logger.error('reconcile failed for good', { error });
      return;
    }
    queue.addRateLimited(key, retryAfterMs(error));
    log(logger, error, queue.failures(key));
  }
}

/** Says that a reconcile failed, unless it has said so of many already. */
type FailureLog = (logger: Logger, error: unknown, failures: number) => void;

/** A thousand keys can fail for one reason: some are named at once, then one each second. */
const loggedFailures = { burst: 20, refillMs: 1_000, maxBuckets: 1 };

function failureLog(): FailureLog {
  const bucket = new TokenBuckets(loggedFailures, () => performance.now());
  let unsaid = 0;
  return (logger, error, failures) => {
    if (!isNews(failures) || !bucket.take('')) {
      unsaid++;
      logger.debug('reconcile failed, trying again', { error, failures });
      return;
    }
    logger.error('reconcile failed, trying again', { error, failures, ...(unsaid > 0 && { unsaid }) });
    unsaid = 0;
  };
}

type Outcome = 'success' | 'requeue_after' | 'error';

interface Metrics {
  started(): void;
  ended(outcome: Outcome, ms: number): void;
  terminal(): void;
}

/** Names as in controller-runtime, which dashboards know. */
function controllerMetrics(registry: Registry, controller: string): Metrics {
  const total = counter(registry, {
    name: 'controller_runtime_reconcile_total',
    help: 'Reconciles by result.',
    labelNames: ['controller', 'result'],
  });
  const labelNames = ['controller'] as const;
  const errors = counter(registry, {
    name: 'controller_runtime_reconcile_errors_total',
    help: 'Reconciles that failed.',
    labelNames,
  });
  const terminals = counter(registry, {
    name: 'controller_runtime_terminal_reconcile_errors_total',
    help: 'Reconciles that failed for good.',
    labelNames,
  });
  const active = gauge(registry, {
    name: 'controller_runtime_active_workers',
    help: 'Reconciles that run now.',
    labelNames,
  });
  const time = histogram(registry, {
    name: 'controller_runtime_reconcile_time_seconds',
    help: 'Duration of a reconcile.',
    labelNames,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
  });
  active.set({ controller }, 0);
  return {
    started: () => active.inc({ controller }),
    ended: (result, ms) => {
      active.dec({ controller });
      total.inc({ controller, result });
      time.observe({ controller }, ms / 1000);
      if (result === 'error') errors.inc({ controller });
    },
    terminal: () => terminals.inc({ controller }),
  };
}
