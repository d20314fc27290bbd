import type { Logger } from '../logger.ts';
import { gauge } from '../metrics.ts';
import type { Gauge, Registry } from '../metrics.ts';
import type { KubeClient } from './client.ts';
import { isNews } from './backoff.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { LeaseLock } from './lease-lock.ts';
import { LeaseTerm, momentOf } from './lease-term.ts';
import type { LeadershipTerm, Moment } from './lease-term.ts';

export interface LeaderElectionOptions {
  readonly client: KubeClient;
  /** The Lease object; it is made when absent. */
  readonly namespace: string;
  readonly name: string;
  /** This replica, unique among all; the pod's name is a good start. */
  readonly identity: string;
  /**
   * Runs while this replica leads. The signal aborts when it must stop: asked to, it may end what it has begun, as long
   * as the term lasts; when the lease is lost, `term.lost` aborts too and nothing may be written any more. When it
   * throws, or ends by itself, leadership is given up.
   */
  readonly onStartedLeading: (signal: AbortSignal, term: LeadershipTerm) => Promise<void>;
  /** After `onStartedLeading` has ended. */
  readonly onStoppedLeading?: () => void;
  /** Whoever leads now, this replica included. */
  readonly onNewLeader?: (identity: string) => void;
  readonly logger: Logger;
  readonly metrics?: Registry;
  readonly clock?: Clock;
  readonly times?: Partial<LeaseTimes>;
}

/** In milliseconds. Each has to be longer than the next. */
export interface LeaseTimes {
  /** Others may take the lease when they have not seen it renewed for this long. */
  readonly leaseDurationMs: number;
  /** A leader that could not renew for this long gives up. What is left of the duration is for what is under way. */
  readonly renewDeadlineMs: number;
  /** Between tries. */
  readonly retryPeriodMs: number;
}

/**
 * After a kill, the next leader begins within the retry period and a fifth (in which it last looked) and the duration;
 * after a clean end within the retry period and a fifth.
 */
export const defaultLeaseTimes: LeaseTimes = { leaseDurationMs: 11_000, renewDeadlineMs: 7_000, retryPeriodMs: 1_000 };

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
  readonly #times: LeaseTimes;
  readonly #status: Gauge<'name'> | undefined;
  /** Tries that failed in a row. */
  #failures = 0;

  constructor(options: LeaderElectionOptions) {
    const { client, namespace, name, identity } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#times = { ...defaultLeaseTimes, ...options.times };
    const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = this.#times;
    if (!(retryPeriodMs < renewDeadlineMs && renewDeadlineMs < leaseDurationMs)) {
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
      const startedAt = momentOf(this.#clock);
      if (await this.#try(this.#times.renewDeadlineMs, signal)) await this.#lead(startedAt, signal);
      // Also after a term, so that work which fails at once is not begun again and again.
      await this.#clock.sleep(this.#untilNextTryMs(), signal);
    }
    logger.debug('no longer competing for the lease');
  }

  /** Spread, so that the replicas do not try all at once; and no later than the moment in which a lease runs out. */
  #untilNextTryMs(): number {
    const usualMs = this.#times.retryPeriodMs * (1 + Math.random() * 0.2);
    const untilFreeMs = this.#lock.untilFreeMs();
    return untilFreeMs > 0 ? Math.min(usualMs, untilFreeMs + Math.random() * 50) : usualMs;
  }

  /** True when the lease is held after this. Failures are logged, of many some: the next try is the remedy. */
  async #try(timeoutMs: number, signal: AbortSignal): Promise<boolean> {
    const { logger } = this.#options;
    try {
      const isHeld = await this.#lock.acquireOrRenew(timeoutMs, signal);
      if (this.#failures > 1) logger.info('the lease can be written again', { failures: this.#failures });
      this.#failures = 0;
      return isHeld;
    } catch (error) {
      if (signal.aborted) return false;
      const level = isNews(++this.#failures) ? 'warn' : 'debug';
      logger[level]('cannot write the lease', { error, failures: this.#failures });
      return false;
    }
  }

  async #lead(since: Moment, signal: AbortSignal): Promise<void> {
    const { namespace, name, identity, logger, onStartedLeading, onStoppedLeading } = this.#options;
    const term = new LeaseTerm(`${namespace}/${name}`, this.#times, this.#clock, since);
    const leading = new AbortController();
    const stop = (): void => leading.abort();
    signal.addEventListener('abort', stop, { once: true });
    logger.info('started leading', { identity });
    this.#status?.set({ name }, 1);
    const work = Promise.resolve()
      .then(() => onStartedLeading(leading.signal, term))
      .catch((error: unknown) => {
        if (leading.signal.aborted) logger.debug('the work of the leader was stopped', { error });
        else logger.error('the work of the leader failed', { error });
      });
    // Work that ended by itself frees the lease too.
    void work.then(stop);
    await this.#renewUntilOver(term, leading.signal);
    leading.abort();
    signal.removeEventListener('abort', stop);
    await this.#finish(work, term);
    this.#status?.set({ name }, 0);
    onStoppedLeading?.();
  }

  /** Renews until the signal aborts, or the lease is lost because the deadline was missed or another holds it. */
  async #renewUntilOver(term: LeaseTerm, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(Math.min(this.#times.retryPeriodMs, Math.max(0, term.untilDeadlineMs())), signal);
      if (isAborted(signal)) return;
      const startedAt = momentOf(this.#clock);
      const remainingMs = term.untilDeadlineMs();
      if (remainingMs > 0 && (await this.#try(remainingMs, signal))) {
        term.renewed(startedAt);
      } else if (!isAborted(signal) && (this.#lock.isHeldByOther || term.untilDeadlineMs() <= 0)) {
        this.#options.logger.error('lost the lease', { leader: this.#lock.holder });
        term.lose(this.#lock.isHeldByOther ? this.#lock.holder : '');
        return;
      }
    }
  }

  /** Waits for the work's end, and frees the lease if that came while it was still ours. */
  async #finish(work: Promise<void>, term: LeaseTerm): Promise<void> {
    const { logger } = this.#options;
    const timer = new AbortController();
    const remainingMs = term.remainingMs();
    const late = this.#clock.sleep(remainingMs, timer.signal).then(() => 'late' as const);
    const first = await Promise.race([work.then(() => 'done' as const), late]);
    timer.abort();
    if (first === 'late') {
      // It cannot write any more, but it is not to run beside the next term's.
      logger.error('the work of the leader goes on beyond the lease', { afterMs: remainingMs });
      await work;
    } else if (!this.#lock.isHeldByOther) {
      await this.#lock
        .release(Math.max(1, term.remainingMs()))
        .catch((error: unknown) => logger.warn('cannot release the lease', { error }));
    }
    logger.info('stopped leading');
  }
}

/** In a function, since the compiler takes an earlier check to still hold. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
