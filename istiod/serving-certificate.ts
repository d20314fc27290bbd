import type { ServerCertificate } from '../ca/server-certificate.ts';
import { issueServerCertificate } from '../ca/server-certificate.ts';
import type { AuthoritySource } from '../ca/root-source.ts';
import type { Logger } from '../lib/logger.ts';

export interface ServingCertificateOptions {
  readonly authority: AuthoritySource;
  readonly dnsNames: readonly string[];
  readonly ttlMs: number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** istiod's own certificate, renewed at half of its life and whenever the authority changes. */
export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  readonly #listeners = new Set<(certificate: ServerCertificate) => void>();
  #current: ServerCertificate;

  static async issue(options: ServingCertificateOptions): Promise<ServingCertificate> {
    return new ServingCertificate(options, await order(options));
  }

  private constructor(options: ServingCertificateOptions, first: ServerCertificate) {
    this.#options = options;
    this.#current = first;
    // By the wall clock, looked at often: a machine that slept must not wake up with an expired certificate.
    const timer = setInterval(() => {
      const { notBefore, notAfter } = this.#current;
      if (Date.now() > (notBefore.getTime() + notAfter.getTime()) / 2) void this.#renew();
    }, 30_000);
    const stop = options.authority.onChange(() => void this.#renew());
    options.signal.addEventListener('abort', () => {
      clearInterval(timer);
      stop();
    });
  }

  get current(): ServerCertificate {
    return this.#current;
  }

  /** The listener is called at once, and after each renewal. Returns a function that removes it. */
  onChange(listener: (certificate: ServerCertificate) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#current);
    return () => this.#listeners.delete(listener);
  }

  async #renew(): Promise<void> {
    const { logger } = this.#options;
    try {
      this.#current = await order(this.#options);
      for (const listener of this.#listeners) listener(this.#current);
      logger.info('serving certificate was renewed', { notAfter: this.#current.notAfter.toISOString() });
    } catch (error) {
      logger.error('serving certificate cannot be renewed; the old one stays', { error });
    }
  }
}

function order({ authority, dnsNames, ttlMs }: ServingCertificateOptions): Promise<ServerCertificate> {
  return issueServerCertificate(authority.current, { dnsNames, ttlMs, now: new Date() });
}
