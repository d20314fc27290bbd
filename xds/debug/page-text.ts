import { setImmediate as nextTurn } from 'node:timers/promises';

/** A page longer than this is not made, so that asking for one can't fill the process's memory. */
export const maxPageBytes = 64 * 1024 * 1024;
/** Streams of proxies are served in between when a page takes longer. */
const sliceMs = 10;

/** A page that is not made; the message is for who asked. */
export class PageTooLongError extends Error {
  override readonly name = 'PageTooLongError';
}

/** JSON text that is put together piece by piece, giving way to other work every few milliseconds. */
export class PageText {
  readonly #pieces: string[] = [];
  readonly #maxBytes: number;
  #bytes = 0;
  #sliceStart = performance.now();

  constructor(maxBytes = maxPageBytes) {
    this.#maxBytes = maxBytes;
  }

  /** Throws {@link PageTooLongError}. */
  add(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > this.#maxBytes) {
      throw new PageTooLongError(`the page is longer than ${this.#maxBytes / 1024 / 1024} MiB; ask for less of it`);
    }
    this.#pieces.push(text);
  }

  /** The values of a list, with commas in between. Each is taken from the iterator when it is its turn. */
  async addList(values: Iterable<unknown>): Promise<void> {
    await this.addEach(values, (value) => JSON.stringify(value));
  }

  async addEach<T>(values: Iterable<T>, toText: (value: T) => string): Promise<void> {
    let separator = '';
    for (const value of values) {
      this.add(`${separator}${toText(value)}`);
      separator = ',';
      if (performance.now() - this.#sliceStart < sliceMs) continue;
      await nextTurn();
      this.#sliceStart = performance.now();
    }
  }

  toString(): string {
    return this.#pieces.join('');
  }
}
