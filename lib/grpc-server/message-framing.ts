import { GrpcError, grpcStatus } from './status.ts';

/** Bytes before each message: a flag for compression, then the length (gRPC over HTTP/2, Length-Prefixed-Message). */
export const prefixBytes = 5;

export interface MessageReaderOptions {
  readonly maxBytes: number;
  /** Whether the client has announced an encoding other than `identity`. */
  readonly encoded: boolean;
}

/** Finds messages in a stream of bytes, however these are cut. */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #chunks: Buffer[] = [];
  #buffered = 0;
  /** Length of the message whose prefix was read. */
  #length: number | undefined;

  constructor(options: MessageReaderOptions) {
    this.#options = options;
  }

  /** Whether a message has begun that is not there in full. */
  get isMidMessage(): boolean {
    return this.#buffered > 0 || this.#length !== undefined;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
  }

  /** The next message that is there in full. Throws {@link GrpcError} for one that can't be taken. */
  next(): Buffer | undefined {
    this.#length ??= this.#readPrefix();
    if (this.#length === undefined || this.#buffered < this.#length) return undefined;
    const message = this.#take(this.#length);
    this.#length = undefined;
    return message;
  }

  #readPrefix(): number | undefined {
    if (this.#buffered < prefixBytes) return undefined;
    const prefix = this.#take(prefixBytes);
    const flag = prefix.readUInt8(0);
    if (flag === 1 && this.#options.encoded) {
      throw new GrpcError(grpcStatus.unimplemented, 'compressed messages are not taken; send them as identity');
    }
    if (flag !== 0) throw new GrpcError(grpcStatus.internal, `a message of no known encoding came, flag ${flag}`);
    const length = prefix.readUInt32BE(1);
    const { maxBytes } = this.#options;
    if (length > maxBytes) {
      throw new GrpcError(grpcStatus.resourceExhausted, `a message of ${length} bytes came; the most is ${maxBytes}`);
    }
    return length;
  }

  /** The first `count` of the buffered bytes, copied only where they lie in several chunks. */
  #take(count: number): Buffer {
    this.#buffered -= count;
    const parts: Buffer[] = [];
    let missing = count;
    while (missing > 0) {
      const chunk = this.#chunks[0];
      if (chunk === undefined) throw new RangeError('more bytes are taken than there are');
      parts.push(chunk.length > missing ? chunk.subarray(0, missing) : chunk);
      if (chunk.length > missing) this.#chunks[0] = chunk.subarray(missing);
      else this.#chunks.shift();
      missing -= Math.min(missing, chunk.length);
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, count);
  }
}

/** To copy so few bytes costs no more than to write several parts. */
export const copiedBytes = 2048;

/** The message's bytes with their prefix before them: in one part when they are few, else without copying them. */
export function framed(parts: readonly Uint8Array[]): {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
} {
  let length = 0;
  for (const part of parts) length += part.length;
  const bytes = length + prefixBytes;
  const isSmall = bytes <= copiedBytes;
  const first = Buffer.allocUnsafe(isSmall ? bytes : prefixBytes);
  first[0] = 0;
  first.writeUInt32BE(length, 1);
  if (!isSmall) return { parts: [first, ...parts], bytes };
  let at = prefixBytes;
  for (const part of parts) {
    first.set(part, at);
    at += part.length;
  }
  return { parts: [first], bytes };
}
