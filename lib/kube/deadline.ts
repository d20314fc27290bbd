import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A time limit joined with the caller's signal. (Not AbortSignal.any, which keeps a listener on a long-lived signal
 * for as long as its result is referenced: this one lets go when disposed.)
 */
export class Deadline implements Disposable {
  readonly #operation: string;
  readonly #timeoutMs: number;
  readonly #end: number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = (): void => this.#controller.abort(this.#outer?.reason);

  constructor(operation: string, timeoutMs: number, outer?: AbortSignal) {
    this.#operation = operation;
    this.#timeoutMs = timeoutMs;
    this.#end = performance.now() + timeoutMs;
    this.#outer = outer;
    this.#timer = setTimeout(() => this.#controller.abort(this.#timeoutError()), timeoutMs);
    if (outer?.aborted === true) this.#onOuterAbort();
    else outer?.addEventListener('abort', this.#onOuterAbort, { once: true });
  }

  /** Aborted at the deadline, with an Error that names the operation, or with the caller's signal and its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  remainingMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Throws the reason of the abort, if there was one, with `cause` for a deadline. */
  throwIfOver(cause?: unknown): void {
    if (this.#outer?.aborted === true) throw this.#outer.reason;
    if (this.signal.aborted) throw this.#timeoutError(cause === this.signal.reason ? undefined : cause);
  }

  async sleep(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.signal });
    } catch (error) {
      this.throwIfOver();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#onOuterAbort);
  }

  #timeoutError(cause?: unknown): Error {
    const message = `${this.#operation}: no answer within ${this.#timeoutMs} ms`;
    return cause === undefined ? new Error(message) : new Error(message, { cause });
  }
}
