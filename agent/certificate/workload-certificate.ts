import type { Logger } from '../../lib/logger.ts';
import { isWithin } from './pem-bundle.ts';
import { renewalTime, retryDelay } from './renewal-schedule.ts';
import type { IssuedCertificate } from './issued-certificate.ts';

/** The clock and chance, given from outside so that tests need not wait. */
export interface Clock {
  now(): number;
  /** Calls back after that many milliseconds. */
  after(ms: number, callback: () => void): { cancel(): void };
  random(): number;
}

/** Timers run on a clock that stands still while a machine sleeps, so the wall clock is looked at this often. */
const longestSleepMs = 30_000;

export const systemClock: Clock = {
  now: Date.now,
  random: Math.random,
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

export interface WorkloadCertificateOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** Makes a key and has it signed. */
  readonly issue: () => Promise<IssuedCertificate>;
  /** Called with each new certificate. */
  readonly use: (certificate: IssuedCertificate) => void;
}

/**
 * Holds the workload's certificate: gets the first, renews each at half of its life, and after a failure asks again with
 * growing pauses for as long as it takes. The certificate in use stays in use meanwhile, even beyond its end: Envoy's
 * peers decide what that is worth.
 */
export class WorkloadCertificate {
  readonly #options: WorkloadCertificateOptions;
  #current: IssuedCertificate | undefined;
  #nextAttempt: number;
  #pending: { cancel(): void } | undefined;
  #stopped = false;
  /** Counters for the metrics page. */
  readonly counts = { issued: 0, failed: 0, failuresInARow: 0 };

  constructor(options: WorkloadCertificateOptions) {
    this.#options = options;
    this.#nextAttempt = options.clock.now();
  }

  get current(): IssuedCertificate | undefined {
    return this.#current;
  }

  start(): void {
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#pending?.cancel();
  }

  /** To be told when the roots of the mesh have changed: a certificate under a root that is no longer among them is renewed. */
  rootsChanged(roots: string): void {
    if (this.#current === undefined || isWithin(this.#current.roots, roots)) return;
    const { clock, log } = this.#options;
    log.info('the certificate was issued under a root that is no longer trusted; renewing it');
    // Spread over some seconds: all pods of the mesh see the same change.
    this.#nextAttempt = Math.min(this.#nextAttempt, clock.now() + clock.random() * 5000);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#pending?.cancel();
    const { clock } = this.#options;
    const wait = Math.max(0, Math.min(this.#nextAttempt - clock.now(), longestSleepMs));
    this.#pending = clock.after(wait, () => {
      if (clock.now() < this.#nextAttempt) this.#schedule();
      else void this.#renew().then(() => this.#schedule());
    });
  }

  /** One attempt; never rejects. */
  async #renew(): Promise<void> {
    const { clock, issue, log, use } = this.#options;
    this.#nextAttempt = Number.POSITIVE_INFINITY;
    try {
      const certificate = await issue();
      const now = clock.now();
      this.#current = certificate;
      this.#nextAttempt = renewalTime(now, certificate.notAfter, clock.random());
      this.counts.issued++;
      this.counts.failuresInARow = 0;
      log.info('got a workload certificate', {
        serialNumber: certificate.serialNumber,
        expires: new Date(certificate.notAfter).toISOString(),
        renewal: new Date(this.#nextAttempt).toISOString(),
      });
      if (!this.#stopped) use(certificate);
    } catch (error) {
      this.counts.failed++;
      const wanted = this.#current === undefined ? 'first' : 'renewal';
      const delay = retryDelay(wanted, ++this.counts.failuresInARow, clock.random());
      this.#nextAttempt = clock.now() + delay;
      log.warn('could not get a workload certificate; will try again', {
        error,
        retryInSeconds: Math.round(delay / 100) / 10,
        ...(this.#current === undefined ? {} : { currentExpires: new Date(this.#current.notAfter).toISOString() }),
      });
    }
  }
}
