export interface TurnsOptions {
  /** Works that go on at the same time. */
  readonly atOnce: number;
  /** Works that wait beyond that number are refused. */
  readonly maxWaiting: number;
}

/** There is no place left to wait in. */
export class TurnsTakenError extends Error {
  override readonly name = 'TurnsTakenError';
}

/** Lets a few of many works go on at a time, in the order in which they came. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** Rejects with {@link TurnsTakenError} when too many wait already, and with what `work` rejects with. */
  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.atOnce) await this.#wait();
    else this.#running++;
    try {
      return await work();
    } finally {
      // The turn goes on to whoever waits, and is given back when nobody does.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #wait(): Promise<void> {
    const { maxWaiting } = this.#options;
    if (this.#waiting.length >= maxWaiting) throw new TurnsTakenError(`${maxWaiting} are waiting already`);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
