/**
 * A limit to the silence of a stream: the signal aborts, with an Error that names the operation, when the last sign of life
 * is so long ago. There is none before the first sign. It aborts with the outer signal, too, until it is disposed.
 */
export class SilenceLimit implements Disposable {
  readonly #operation: string;
  readonly #limitMs: number;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #onOuterAbort = (): void => this.#controller.abort(this.#outer.reason);
  #timer: NodeJS.Timeout | undefined;

  constructor(operation: string, limitMs: number, outer: AbortSignal) {
    this.#operation = operation;
    this.#limitMs = limitMs;
    this.#outer = outer;
    if (outer.aborted) this.#onOuterAbort();
    else outer.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  alive(): void {
    clearTimeout(this.#timer);
    const abort = (): void =>
      this.#controller.abort(new Error(`${this.#operation}: nothing came for ${this.#limitMs} ms`));
    this.#timer = setTimeout(abort, this.#limitMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#onOuterAbort);
  }
}
