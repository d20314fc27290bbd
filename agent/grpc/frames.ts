import { grpcStatus } from '../../lib/grpc-server/status.ts';

/** A call that failed, with gRPC's code. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A message as it goes over the wire: not compressed, its length in four bytes (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(5 + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, 5);
  return framed;
}

/** Far above anything that the agent is sent; a longer message means that the peer does not speak gRPC. */
const maxMessageBytes = 4 * 1024 * 1024;

/** Puts messages together from the pieces in which they arrive. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  /** The messages that `chunk` completes. Throws a GrpcError for what can't be a message. */
  push(chunk: Buffer): readonly Buffer[] {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    const messages: Buffer[] = [];
    while (this.#pending.length >= 5) {
      if (this.#pending[0] !== 0)
        throw new GrpcError(grpcStatus.unimplemented, 'compressed messages are not supported');
      const length = this.#pending.readUInt32BE(1);
      if (length > maxMessageBytes) {
        throw new GrpcError(grpcStatus.internal, `a message of ${length} bytes is longer than ${maxMessageBytes}`);
      }
      if (this.#pending.length < 5 + length) break;
      messages.push(this.#pending.subarray(5, 5 + length));
      this.#pending = this.#pending.subarray(5 + length);
    }
    return messages;
  }
}
