import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import type { GrpcLimits } from './limits.ts';
import { MessageReader } from './message-framing.ts';
import { MessageSender } from './message-sender.ts';
import type { EndCause, GrpcStream, GrpcStreamHandler } from './methods.ts';
import type { CallHeaders } from './protocol.ts';
import { statusTrailers } from './protocol.ts';
import type { GrpcStatusCode } from './status.ts';
import { GrpcError, grpcStatus } from './status.ts';

export interface ServerCallOptions {
  readonly headers: CallHeaders;
  readonly peerCertificate: Buffer | undefined;
  readonly peerAddress: string | undefined;
  readonly limits: GrpcLimits;
  /** Longest message that is taken in. */
  readonly maxMessageBytes: number;
  readonly pieceBytes: number;
  /** Told of what a handler threw. */
  readonly onFault: (error: unknown) => void;
  /** Nothing of the call is on its way any more. */
  readonly onClosed: () => void;
}

const responseHeaders = { ':status': 200, 'content-type': 'application/grpc' };

/** The server's side of one call: gRPC over one HTTP/2 stream (gRPC, doc/PROTOCOL-HTTP2.md). */
export class ServerCall implements GrpcStream {
  readonly headers: CallHeaders;
  readonly peerCertificate: Buffer | undefined;
  readonly peerAddress: string | undefined;
  readonly #stream: ServerHttp2Stream;
  readonly #options: ServerCallOptions;
  readonly #reader: MessageReader;
  readonly #sender: MessageSender;
  #handler: GrpcStreamHandler | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #paused = false;
  #delivering = false;
  #halfClosed: 'no' | 'seen' | 'told' = 'no';
  #ended: EndCause | undefined;

  constructor(stream: ServerHttp2Stream, options: ServerCallOptions) {
    const { headers, peerCertificate, peerAddress, limits, maxMessageBytes, pieceBytes } = options;
    this.headers = headers;
    this.peerCertificate = peerCertificate;
    this.peerAddress = peerAddress;
    this.#stream = stream;
    this.#options = options;
    const encoding = headers.get('grpc-encoding')?.[0] ?? 'identity';
    this.#reader = new MessageReader({ maxBytes: maxMessageBytes, encoded: encoding !== 'identity' });
    this.#sender = new MessageSender(stream, {
      pieceBytes,
      timeoutMs: limits.writeTimeoutMs,
      onTimeout: () => this.#writeTimedOut(),
    });
    // What goes wrong with a stream closes it.
    stream.on('error', () => undefined);
    stream.on('close', () => {
      this.#sender.stop();
      this.#finish('client');
      options.onClosed();
    });
  }

  get pendingBytes(): number {
    return this.#sender.pendingBytes;
  }

  /** From now on messages are handed over. */
  start(handler: GrpcStreamHandler): void {
    if (this.#ended !== undefined) return handler.onEnd(this.#ended);
    this.#handler = handler;
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#ended !== undefined) return;
      this.#reader.push(chunk);
      this.#deliver();
    });
    this.#stream.on('end', () => {
      if (this.#halfClosed === 'no') this.#halfClosed = 'seen';
      this.#deliver();
    });
    // A handler may have paused it at once.
    if (this.#paused) this.#stream.pause();
  }

  /** Ends the call with DEADLINE_EXCEEDED unless it has ended by then. */
  setDeadline(afterMs: number): void {
    // More than a timer can hold, 24 days, is no deadline.
    if (afterMs > 2 ** 31 - 1) return;
    const expire = (): void => this.end(grpcStatus.deadlineExceeded, 'the deadline of the call has passed');
    this.#deadline = setTimeout(expire, afterMs).unref();
  }

  send(parts: readonly Uint8Array[], onFlushed: () => void): void {
    if (this.#ended !== undefined || this.#isGone()) return;
    if (!this.#stream.headersSent) this.#stream.respond(responseHeaders, { waitForTrailers: true });
    this.#sender.send(parts, () => {
      if (this.#ended === undefined) this.#guarded(onFlushed);
    });
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#ended !== undefined) return;
    this.#deliver();
    if (!this.#isPaused() && this.#handler !== undefined) this.#stream.resume();
  }

  end(code: GrpcStatusCode, message = ''): void {
    if (this.#ended !== undefined) return;
    this.#finish('status');
    if (this.#isGone()) return;
    const stream = this.#stream;
    const trailers = statusTrailers(code, message);
    // What the client still sends is of no interest, but has to be read for the stream to come to its end.
    stream.resume();
    if (!stream.headersSent) {
      const extra = code === grpcStatus.unimplemented ? { 'grpc-accept-encoding': 'identity' } : {};
      stream.respond({ ...responseHeaders, ...trailers, ...extra }, { endStream: true });
      this.#closeBothSides();
      return;
    }
    stream.once('wantTrailers', () => {
      stream.sendTrailers(trailers);
      this.#closeBothSides();
    });
    this.#sender.whenDrained(() => stream.end());
  }

  /** Ends the call as a fault of this process. */
  fail(error: unknown): void {
    if (error instanceof GrpcError) return this.end(error.code, error.message);
    this.#options.onFault(error);
    this.end(grpcStatus.internal, 'the server failed to serve this call');
  }

  /**
   * Tells a client that would go on sending not to (RFC 9113, 8.1); once the status is on its way. One that has sent all
   * needs no telling: its stream is closed by what closes this side.
   */
  #closeBothSides(): void {
    if (this.#halfClosed !== 'no') return;
    setImmediate(() => {
      if (!this.#stream.destroyed) this.#stream.close(constants.NGHTTP2_NO_ERROR);
    });
  }

  #writeTimedOut(): void {
    if (this.#isGone()) return;
    this.#finish('write-timeout');
    this.#sender.stop();
    // A status would have to wait behind the bytes that don't go out. Clients read this code as UNAVAILABLE, and no other.
    this.#stream.close(constants.NGHTTP2_REFUSED_STREAM);
  }

  /** Everything that is the same however a call ends. */
  #finish(cause: EndCause): void {
    if (this.#ended !== undefined) return;
    this.#ended = cause;
    clearTimeout(this.#deadline);
    try {
      this.#handler?.onEnd(cause);
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #deliver(): void {
    // Who is told of a message may pause and resume.
    if (this.#delivering) return;
    this.#delivering = true;
    this.#guarded(() => {
      while (!this.#paused && this.#ended === undefined) {
        const message = this.#reader.next();
        if (message === undefined) break;
        this.#handler?.onMessage(message);
      }
      this.#deliverEnd();
    });
    this.#delivering = false;
  }

  #deliverEnd(): void {
    if (this.#halfClosed !== 'seen' || this.#paused || this.#ended !== undefined) return;
    this.#halfClosed = 'told';
    if (this.#reader.isMidMessage) throw new GrpcError(grpcStatus.internal, 'the last message is not complete');
    this.#handler?.onHalfClose();
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.fail(error);
    }
  }

  #isPaused(): boolean {
    return this.#paused;
  }

  #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed;
  }
}
