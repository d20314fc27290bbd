import { framed } from './message-framing.ts';

/** What of a stream is needed to write to it. */
export interface ByteStream {
  cork(): void;
  uncork(): void;
  write(bytes: Uint8Array, done?: (error?: Error | null) => void): boolean;
}

export interface MessageSenderOptions {
  /** Most bytes that are with the stream at a time. */
  readonly pieceBytes: number;
  readonly timeoutMs: number;
  /** Bytes were pending, and none has gone out for `timeoutMs`. */
  readonly onTimeout: () => void;
}

interface QueuedMessage {
  readonly parts: readonly Uint8Array[];
  readonly onFlushed: () => void;
}

/**
 * Writes messages in order and in pieces, the next once the last has gone to the socket: what a stream is given at once
 * it holds, under TLS also encrypted, until the client has taken it.
 */
export class MessageSender {
  readonly #stream: ByteStream;
  readonly #options: MessageSenderOptions;
  readonly #queue: QueuedMessage[] = [];
  /** Where the next piece begins: a part of the first message, and a byte in it. */
  #part = 0;
  #offset = 0;
  #pendingBytes = 0;
  #writing = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  /** When the last piece was written, which is when the one before was out. */
  #progressAt = 0;
  #onDrained: (() => void) | undefined;

  constructor(stream: ByteStream, options: MessageSenderOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** Bytes that have not gone out yet, prefixes included. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** `onFlushed` is called once all bytes have gone to the socket; never when the stream ends before. */
  send(message: readonly Uint8Array[], onFlushed: () => void): void {
    if (this.#stopped) return;
    const { parts, bytes } = framed(message);
    this.#pendingBytes += bytes;
    if (!this.#writing && parts.length === 1 && bytes <= this.#options.pieceBytes) {
      // A lone small message, as most are.
      this.#write(parts, bytes, [onFlushed]);
      return;
    }
    this.#queue.push({ parts, onFlushed });
    if (!this.#writing) this.#writePiece();
  }

  /** Calls back once all that was sent so far is out. */
  whenDrained(onDrained: () => void): void {
    if (this.#pendingBytes === 0) onDrained();
    else this.#onDrained = onDrained;
  }

  /** Lets go of everything that is not written yet. */
  stop(): void {
    this.#stopped = true;
    this.#queue.length = 0;
    this.#pendingBytes = 0;
    clearTimeout(this.#timer);
  }

  #writePiece(): void {
    const { slices, bytes, finished } = this.#takePiece();
    this.#write(slices, bytes, finished);
  }

  #write(slices: readonly Uint8Array[], bytes: number, finished: readonly (() => void)[]): void {
    this.#writing = true;
    this.#watch();
    const done = (error?: Error | null): void => {
      if (error !== undefined && error !== null) return;
      if (this.#stopped) return;
      this.#writing = false;
      this.#pendingBytes -= bytes;
      for (const onFlushed of finished) onFlushed();
      // What is told of it may have sent more already.
      if (this.#queue.length > 0 && !this.#isWriting()) this.#writePiece();
      else if (this.#pendingBytes === 0) this.#drained();
    };
    const [first] = slices;
    if (first !== undefined && slices.length === 1) {
      this.#stream.write(first, done);
      return;
    }
    this.#stream.cork();
    for (const [at, slice] of slices.entries()) {
      if (at < slices.length - 1) this.#stream.write(slice);
      else this.#stream.write(slice, done);
    }
    this.#stream.uncork();
  }

  /** In a function, since the compiler takes what was just assigned to still hold after calls. */
  #isWriting(): boolean {
    return this.#writing || this.#stopped;
  }

  #drained(): void {
    const onDrained = this.#onDrained;
    this.#onDrained = undefined;
    onDrained?.();
  }

  /** As many bytes as fit into a piece, of one message or several, and what is to be told of those it completes. */
  #takePiece(): { slices: Uint8Array[]; bytes: number; finished: (() => void)[] } {
    const slices: Uint8Array[] = [];
    const finished: (() => void)[] = [];
    let bytes = 0;
    for (let message = this.#queue[0]; message !== undefined; message = this.#queue[0]) {
      const part = message.parts[this.#part];
      if (part === undefined) {
        finished.push(message.onFlushed);
        this.#queue.shift();
        this.#part = 0;
        continue;
      }
      const left = part.length - this.#offset;
      const room = this.#options.pieceBytes - bytes;
      if (room === 0 && left > 0) break;
      const taken = Math.min(left, room);
      if (taken === part.length) slices.push(part);
      else if (taken > 0) slices.push(part.subarray(this.#offset, this.#offset + taken));
      bytes += taken;
      this.#offset = taken === left ? 0 : this.#offset + taken;
      if (taken === left) this.#part++;
    }
    return { slices: slices.filter(({ length }) => length > 0), bytes, finished };
  }

  /** A timer lasts for many pieces: to begin or put off one for each would be most of what a small message costs. */
  #watch(): void {
    this.#progressAt = performance.now();
    this.#timer ??= setTimeout(() => this.#checkProgress(), this.#options.timeoutMs).unref();
  }

  #checkProgress(): void {
    // A process that was busy for long has not looked yet at what has gone out meanwhile.
    setImmediate(() => {
      this.#timer = undefined;
      if (this.#stopped || this.#pendingBytes === 0) return;
      const leftMs = this.#progressAt + this.#options.timeoutMs - performance.now();
      if (leftMs <= 0) this.#options.onTimeout();
      else this.#timer = setTimeout(() => this.#checkProgress(), leftMs).unref();
    });
  }
}
