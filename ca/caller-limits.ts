import type { Caller } from '../lib/identity.ts';
import { spiffeId } from '../lib/identity.ts';
import { TokenBuckets } from '../lib/kube/token-buckets.ts';

export interface Rate {
  /** Calls at once. */
  readonly burst: number;
  /** Calls a second once the burst is used up. */
  readonly perSecond: number;
}

export interface CallerLimitOptions {
  /**
   * Of one caller: the pod that its token is bound to, else its service account. All pods of a large Deployment renew at
   * the same time after a rotation, and those that prove themselves by certificate are known by their account alone.
   */
  readonly certificates?: Rate;
  /** Of refused credentials from one address: each may cost the API server a question. */
  readonly refusals?: Rate;
  /** Milliseconds; only grows. */
  readonly now?: () => number;
}

export const defaultCallerLimits = {
  certificates: { burst: 5_000, perSecond: 50 },
  refusals: { burst: 200, perSecond: 5 },
} as const satisfies CallerLimitOptions;

/** A bucket takes some 200 bytes. Who changes addresses to be forgotten finds the same limits again. */
const maxBuckets = 20_000;

/** How much one caller may ask for. Memory is bounded whoever calls. */
export class CallerLimits {
  readonly certificateRate: Rate;
  readonly #certificates: TokenBuckets;
  readonly #refusals: TokenBuckets;

  constructor(options: CallerLimitOptions = {}) {
    const { certificates, refusals } = { ...defaultCallerLimits, ...options };
    const now = options.now ?? (() => performance.now());
    this.certificateRate = certificates;
    this.#certificates = new TokenBuckets(bucketsOf(certificates), now);
    this.#refusals = new TokenBuckets(bucketsOf(refusals), now);
  }

  /** Takes one certificate of what this caller may have; false when that is used up. */
  takeCertificate(caller: Caller): boolean {
    return this.#certificates.take(callerKey(caller));
  }

  /** Whether credentials from this address are looked at; no longer when too many of late were refused. */
  mayTry(address: string): boolean {
    return this.#refusals.has(address);
  }

  refused(address: string): void {
    this.#refusals.take(address);
  }
}

function bucketsOf({ burst, perSecond }: Rate): ConstructorParameters<typeof TokenBuckets>[0] {
  return { burst, refillMs: 1000 / perSecond, maxBuckets };
}

function callerKey({ identity, pod }: Caller): string {
  return pod === undefined ? spiffeId(identity) : `pod ${pod.uid}`;
}
