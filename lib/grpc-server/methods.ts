import type { CallHeaders } from './protocol.ts';
import type { GrpcStatusCode } from './status.ts';

/** What is known of every call. */
export interface GrpcCall {
  readonly headers: CallHeaders;
  /**
   * The certificate of the client, DER; undefined when it showed none, or one that does not lead to the server's client
   * roots.
   */
  readonly peerCertificate: Buffer | undefined;
  /** The IP address of the other end of the connection; undefined on a Unix socket. */
  readonly peerAddress?: string | undefined;
}

/** A call on which both sides send messages. */
export interface GrpcStream extends GrpcCall {
  /** Bytes sent that have not gone to the socket. */
  readonly pendingBytes: number;
  /**
   * Sends one message that is made of `parts`, which are not copied and must not change. `onFlushed` is called once it has
   * gone to the socket, as far as the client's flow control lets it; never when the call ends before.
   */
  send(parts: readonly Uint8Array[], onFlushed: () => void): void;
  /** No more messages are handed over, and the client may soon send none, until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends the call once all that was sent is out. What comes after it is without effect. */
  end(code: GrpcStatusCode, message?: string): void;
}

/** Who ended a call: this side with a status, the client or the network, or this side since nothing more went out. */
export type EndCause = 'status' | 'client' | 'write-timeout';

/** What is told of a stream. What it throws ends the call with INTERNAL, or with the status of a `GrpcError`. */
export interface GrpcStreamHandler {
  onMessage(message: Buffer): void;
  /** The client sends no more messages. */
  onHalfClose(): void;
  /** The call has ended, from whichever side and for whatever reason; called once, and last. */
  onEnd(cause: EndCause): void;
}

export type GrpcMethod =
  | {
      readonly kind: 'unary';
      /** Longest request that is taken in, bytes, where that is less than the server's limit. */
      readonly maxRequestBytes?: number;
      /** Rejects with `GrpcError` to answer with a status. */
      readonly answer: (call: GrpcCall, request: Buffer) => Promise<Uint8Array>;
    }
  | { readonly kind: 'stream'; readonly open: (stream: GrpcStream) => GrpcStreamHandler };

/** Methods by path, `/package.Service/Method`. */
export type GrpcMethods = Readonly<Record<string, GrpcMethod>>;
