import type { IncomingHttpHeaders, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, performServerHandshake } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { GrpcLimits } from './limits.ts';
import type { GrpcMethod } from './methods.ts';
import { callHeaders, checkTrailers, refusalOf, timeoutMs } from './protocol.ts';
import { ServerCall } from './server-call.ts';
import { GrpcError, grpcStatus } from './status.ts';
import { unaryHandler } from './unary-handler.ts';

export interface ServerConnectionOptions {
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly limits: GrpcLimits;
  readonly onFault: (error: unknown) => void;
}

/**
 * Most bytes of a call that are with Node at a time. Under TLS what is given to Node at once is encrypted at once, and
 * memory keeps that mark; pieces of this size cost the same CPU as larger ones (measured, ADR 11).
 */
const tlsPieceBytes = 64 * 1024;
const plaintextPieceBytes = 256 * 1024;

/** Megabytes, as Node wants it; above what all calls of a connection can have with Node at a time. */
const maxSessionMemory = 64;

/** How long a client is given to take notice of what ended and to close its side. */
const farewellMs = 1000;

/** One client's connection, from its first byte of HTTP/2 to its last. */
export class ServerConnection {
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  readonly #session: ServerHttp2Session;
  readonly #options: ServerConnectionOptions;
  readonly #calls = new Set<ServerCall>();
  readonly #peerCertificate: Buffer | undefined;
  readonly #peerAddress: string | undefined;
  readonly #pieceBytes: number;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(socket: Socket, options: ServerConnectionOptions) {
    const { maxConcurrentStreams, maxHeaderBytes, keepaliveMs, maxConnectionAgeMs, maxConnectionAgeGraceMs } =
      options.limits;
    const settings = { maxConcurrentStreams, maxHeaderListSize: maxHeaderBytes };
    const session = performServerHandshake(socket, { settings, maxSessionMemory });
    this.#socket = socket;
    this.#session = session;
    this.#options = options;
    this.#peerCertificate = certificateOf(socket);
    // IPv4 in IPv6's clothes is the same client as without.
    this.#peerAddress = socket.remoteAddress?.replace(/^::ffff:/, '');
    this.#pieceBytes = socket instanceof TLSSocket ? tlsPieceBytes : plaintextPieceBytes;
    // What goes wrong with a connection closes it, and with it its calls.
    session.on('error', () => socket.destroy());
    session.on('frameError', () => undefined);
    session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw: string[]) =>
      this.#accept(stream, headers, raw),
    );
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const timer of this.#timers) clearTimeout(timer);
        resolve();
      });
    });
    this.#timers.add(setInterval(() => this.#ping(), keepaliveMs).unref());
    // Not all that came at once are sent away at once.
    const age = maxConnectionAgeMs * (0.9 + Math.random() * 0.2);
    this.#after(age, () => this.close(maxConnectionAgeGraceMs, 'this connection is old; begin another'));
  }

  /** Takes no more calls, waits for those that go on, and ends what remains after `graceMs` with UNAVAILABLE. */
  close(graceMs: number, reason: string): void {
    if (!this.#session.closed) this.#session.close();
    this.#leaveWhenIdle();
    this.#after(graceMs, () => {
      for (const call of this.#calls) call.end(grpcStatus.unavailable, reason);
      this.#after(farewellMs, () => this.#destroy());
    });
  }

  #leaveWhenIdle(): void {
    if (this.#session.closed && this.#calls.size === 0) this.#after(farewellMs, () => this.#destroy());
  }

  /** The socket too: a session by itself waits for a client that may have vanished to take its last bytes. */
  #destroy(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }

  #after(delayMs: number, action: () => void): void {
    if (this.#socket.destroyed) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, delayMs).unref();
    this.#timers.add(timer);
  }

  #ping(): void {
    if (this.#session.destroyed) return;
    let answered = false;
    this.#session.ping(() => (answered = true));
    // A process that was busy for long has not looked yet at what has come meanwhile.
    const check = (): NodeJS.Immediate =>
      setImmediate(() => {
        if (!answered) this.#destroy();
      });
    this.#after(this.#options.limits.keepaliveTimeoutMs, check);
  }

  #accept(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, raw: readonly string[]): void {
    if (stream.destroyed || stream.closed) return;
    const refusal = refusalOf(headers);
    if (refusal !== undefined) return refuse(stream, refusal);
    const { limits, onFault, methods } = this.#options;
    const method = methods.get(headers[':path'] ?? '');
    const call: ServerCall = new ServerCall(stream, {
      headers: callHeaders(raw),
      peerCertificate: this.#peerCertificate,
      peerAddress: this.#peerAddress,
      limits,
      maxMessageBytes: Math.min(limits.maxMessageBytes, longestRequest(method)),
      pieceBytes: this.#pieceBytes,
      onFault,
      onClosed: () => {
        this.#calls.delete(call);
        this.#leaveWhenIdle();
      },
    });
    this.#calls.add(call);
    try {
      this.#begin(call, headers, method);
    } catch (error) {
      call.fail(error);
    }
  }

  #begin(call: ServerCall, headers: IncomingHttpHeaders, method: GrpcMethod | undefined): void {
    checkTrailers(headers);
    if (method === undefined) {
      const path = headers[':path'] ?? '';
      throw new GrpcError(grpcStatus.unimplemented, `there is no method ${path.slice(0, 256)}`);
    }
    const patienceMs = timeoutMs(call.headers.get('grpc-timeout')?.[0]) ?? Infinity;
    call.setDeadline(method.kind === 'unary' ? Math.min(patienceMs, this.#options.limits.unaryTimeoutMs) : patienceMs);
    const handler =
      method.kind === 'unary' ? unaryHandler(method.answer, call, (error) => call.fail(error)) : method.open(call);
    call.start(handler);
  }
}

function longestRequest(method: GrpcMethod | undefined): number {
  return method?.kind === 'unary' ? (method.maxRequestBytes ?? Infinity) : Infinity;
}

/** Answers what is not gRPC in plain HTTP. */
function refuse(stream: ServerHttp2Stream, headers: NonNullable<ReturnType<typeof refusalOf>>): void {
  stream.on('error', () => undefined);
  stream.respond(headers, { endStream: true });
  stream.resume();
  setImmediate(() => {
    if (!stream.destroyed) stream.close(constants.NGHTTP2_NO_ERROR);
  });
}

/** The client's certificate where TLS has verified it against the client roots. */
function certificateOf(socket: Socket): Buffer | undefined {
  return socket instanceof TLSSocket && socket.authorized ? socket.getPeerX509Certificate()?.raw : undefined;
}
