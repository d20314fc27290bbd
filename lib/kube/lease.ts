import { isAbortError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { gauge } from '../metrics.ts';
import type { Gauge, Registry } from '../metrics.ts';
import type { KubeClient } from './client.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { LeaseLock } from './lease-lock.ts';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  /** The Lease object; it is made when absent. */
  readonly namespace: string;
  readonly name: string;
  /** This replica, unique among all; the pod's name is a good start. */
  readonly identity: string;
  /**
   * Runs while this replica leads. The signal aborts when it must stop; it then has until the lease's end (five
   * seconds by default) to be done. When it throws, or ends by itself, leadership is given up.
   */
  readonly onStartedLeading: (signal: AbortSignal) => Promise<void>;
  /** After `onStartedLeading` has ended. */
  readonly onStoppedLeading?: () => void;
  /** Whoever leads now, this replica included. */
  readonly onNewLeader?: (identity: string) => void;
  readonly logger: Logger;
  readonly metrics?: Registry;
  readonly clock?: Clock;
  /** Others may take the lease when it was not renewed for this long; 15,000 ms. */
  readonly leaseDurationMs?: number;
  /** A leader that could not renew for this long gives up; 10,000 ms. */
  readonly renewDeadlineMs?: number;
  /** Between tries; 2,000 ms. */
  readonly retryPeriodMs?: number;
}

/**
 * Competes for the lease until the signal aborts, leading whenever it is won. The lease is released when the signal
 * aborts, after the leader's work has ended, so that another replica takes over within one retry period.
 */
export async function runLeaderElection(options: LeaderElectionOptions, signal: AbortSignal): Promise<void> {
  await new LeaderElector(options).run(signal);
}

class LeaderElector {
  readonly #options: LeaderElectionOptions;
  readonly #clock: Clock;
  readonly #lock: LeaseLock;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #status: Gauge<'name'> | undefined;

  constructor(options: LeaderElectionOptions) {
    const { client, namespace, name, identity, leaseDurationMs = 15_000 } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (!(this.#retryPeriodMs < this.#renewDeadlineMs && this.#renewDeadlineMs < leaseDurationMs)) {
      throw new Error(`lease ${namespace}/${name}: needs retry period < renew deadline < lease duration`);
    }
    this.#lock = new LeaseLock({ client, namespace, name, identity, leaseDurationMs, clock: this.#clock });
    this.#lock.onHolderChange = (holder) => {
      options.logger.info('leader is known', { leader: holder });
      options.onNewLeader?.(holder);
    };
    this.#status =
      options.metrics &&
      gauge(options.metrics, {
        name: 'leader_election_master_status',
        help: 'Whether this replica holds the lease.',
        labelNames: ['name'],
      });
    this.#status?.set({ name }, 0);
  }

  async run(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    while (!signal.aborted) {
      if (await this.#try(this.#renewDeadlineMs, signal)) await this.#lead(signal);
      // Spread, so that the replicas do not try all at once.
      else await this.#clock.sleep(this.#retryPeriodMs * (1 + Math.random() * 0.2), signal);
    }
    logger.debug('no longer competing for the lease');
  }

  /** True when the lease is held after this. Failures are logged: the next try is the remedy. */
  async #try(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    try {
      return await this.#lock.acquireOrRenew(timeoutMs, signal);
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn('cannot write the lease', { error });
      return false;
    }
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const { name, identity, logger, onStartedLeading, onStoppedLeading } = this.#options;
    const leading = new AbortController();
    const stop = (): void => leading.abort();
    signal.addEventListener('abort', stop, { once: true });
    logger.info('started leading', { identity });
    this.#status?.set({ name }, 1);
    const work = Promise.resolve(leading.signal)
      .then(onStartedLeading)
      .catch((error: unknown) => {
        if (!(leading.signal.aborted && isAbortError(error))) logger.error('the work of the leader failed', { error });
      });
    // Work that ended by itself frees the lease too.
    void work.then(stop);
    const renewedAt = await this.#renewUntilOver(leading.signal);
    leading.abort();
    signal.removeEventListener('abort', stop);
    await this.#finish(work, renewedAt);
    this.#status?.set({ name }, 0);
    onStoppedLeading?.();
  }

  /** Renews until the signal aborts or the deadline is missed; returns when the lease was last renewed. */
  async #renewUntilOver(signal: AbortSignal): Promise<number> {
    let renewedAt = this.#clock.monotonic();
    for (;;) {
      await this.#clock.sleep(this.#retryPeriodMs, signal);
      if (signal.aborted) return renewedAt;
      const startedAt = this.#clock.monotonic();
      const remainingMs = renewedAt + this.#renewDeadlineMs - startedAt;
      // Counted from before the request: the others' clocks start when it arrives, at the earliest.
      if (remainingMs > 0 && (await this.#try(remainingMs, signal))) {
        renewedAt = startedAt;
      } else if (this.#lock.isHeldByOther || this.#clock.monotonic() - renewedAt >= this.#renewDeadlineMs) {
        this.#options.logger.error('lost the lease', { leader: this.#lock.holder });
        return renewedAt;
      }
    }
  }

  /** Waits for the work's end, and frees the lease if that came while it was still ours. */
  async #finish(work: Promise<void>, renewedAt: number): Promise<void> {
    const { logger, leaseDurationMs = 15_000 } = this.#options;
    const timer = new AbortController();
    const remainingMs = Math.max(0, renewedAt + leaseDurationMs - this.#clock.monotonic());
    const late = this.#clock.sleep(remainingMs, timer.signal).then(() => 'late' as const);
    const first = await Promise.race([work.then(() => 'done' as const), late]);
    timer.abort();
    if (first === 'late') {
      logger.error('the work of the leader goes on beyond the lease', { afterMs: remainingMs });
      await work;
    } else if (!this.#lock.isHeldByOther) {
      await this.#lock
        .release(remainingMs)
        .catch((error: unknown) => logger.warn('cannot release the lease', { error }));
    }
    logger.info('stopped leading');
  }
}
