/**
 * The pods that were seen to go, by uid, for as long as somebody may still believe their tokens. Bounded: of very many at
 * once the first to go are forgotten first.
 */
export class GonePods {
  /** When each went, milliseconds; the longest gone first. */
  readonly #wentAt = new Map<string, number>();
  readonly #memoryMs: number;
  readonly #maxPods: number;
  readonly #now: () => number;

  /** `now` is in milliseconds and only grows. */
  constructor(options: { readonly memoryMs: number; readonly maxPods?: number; readonly now?: () => number }) {
    this.#memoryMs = options.memoryMs;
    this.#maxPods = options.maxPods ?? 50_000;
    this.#now = options.now ?? (() => performance.now());
  }

  add(uid: string): void {
    const now = this.#now();
    this.#wentAt.delete(uid);
    this.#wentAt.set(uid, now);
    for (const [oldest, wentAt] of this.#wentAt) {
      if (this.#wentAt.size <= this.#maxPods && now - wentAt < this.#memoryMs) break;
      this.#wentAt.delete(oldest);
    }
  }

  has(uid: string): boolean {
    const wentAt = this.#wentAt.get(uid);
    return wentAt !== undefined && this.#now() - wentAt < this.#memoryMs;
  }

  get size(): number {
    return this.#wentAt.size;
  }
}
