export interface TokenBucketOptions {
  /** Tokens of a full bucket. */
  readonly burst: number;
  /** Milliseconds in which one token comes back. */
  readonly refillMs: number;
  /** The buckets used longest ago are forgotten beyond this number. */
  readonly maxBuckets: number;
}

/** A token bucket for each key. */
export class TokenBuckets {
  readonly #options: TokenBucketOptions;
  readonly #now: () => number;
  readonly #buckets = new Map<string, { readonly tokens: number; readonly at: number }>();

  /** `now` is in milliseconds and only grows. */
  constructor(options: TokenBucketOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Whether {@link take} would get one. */
  has(key: string): boolean {
    return this.#tokens(key, this.#now()) >= 1;
  }

  /** Takes a token of the key's bucket; false when there is none. */
  take(key: string): boolean {
    const { maxBuckets } = this.#options;
    const at = this.#now();
    const tokens = this.#tokens(key, at);
    const taken = tokens >= 1;
    // Put last, so that the first of the map is the one used longest ago.
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at });
    if (this.#buckets.size > maxBuckets) {
      for (const oldest of this.#buckets.keys()) {
        this.#buckets.delete(oldest);
        break;
      }
    }
    return taken;
  }
  #tokens(key: string, at: number): number {
    const { burst, refillMs } = this.#options;
    const bucket = this.#buckets.get(key);
    return bucket === undefined ? burst : Math.min(burst, bucket.tokens + (at - bucket.at) / refillMs);
  }
}
