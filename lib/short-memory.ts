interface Entry<V> {
  readonly value: V;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/**
 * Results of a costly question, remembered for a short time: bounded in number (the oldest leave first), and asked once
 * when many want the same at the same time. Failures are not remembered.
 */
export class ShortMemory<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #pending = new Map<string, Promise<Entry<V>>>();
  readonly #maxEntries: number;
  readonly #now: () => number;

  constructor(maxEntries: number, now: () => number) {
    this.#maxEntries = maxEntries;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `ask` gives the answer and until when it holds, in milliseconds since 1970. */
  async get(key: string, ask: () => Promise<Entry<V>>): Promise<V> {
    const known = this.#entries.get(key);
    if (known !== undefined && known.expires > this.#now()) return known.value;
    this.#entries.delete(key);
    const running = this.#pending.get(key);
    if (running !== undefined) return (await running).value;
    const asked = ask();
    this.#pending.set(key, asked);
    try {
      const entry = await asked;
      this.#remember(key, entry);
      return entry.value;
    } finally {
      this.#pending.delete(key);
    }
  }

  #remember(key: string, entry: Entry<V>): void {
    if (entry.expires <= this.#now()) return;
    const oldest = this.#entries.keys().next();
    if (this.#entries.size >= this.#maxEntries && oldest.done !== true) this.#entries.delete(oldest.value);
    this.#entries.set(key, entry);
  }
}
