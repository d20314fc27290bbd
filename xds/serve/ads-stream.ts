import { randomBytes } from 'node:crypto';
import { describeError } from '../../lib/errors.ts';
import type { EndCause, GrpcCall, GrpcStream, GrpcStreamHandler } from '../../lib/grpc-server/methods.ts';
import type { GrpcStatusCode } from '../../lib/grpc-server/status.ts';
import { grpcStatus } from '../../lib/grpc-server/status.ts';
import type { Caller } from '../../lib/identity.ts';
import type { Logger } from '../../lib/logger.ts';
import type { DebugRequest } from '../debug/ads-answers.ts';
import { isDebugType } from '../debug/ads-answers.ts';
import type { News, OnChange, OpenSnapshot, RouteForm } from '../snapshot/snapshot-engine.ts';
import { Connection, RequestError } from './connection.ts';
import type { DecodedRequest, DiscoveryProtocol } from './discovery-protocol.ts';
import type { FirstSyncs } from './first-syncs.ts';
import { identityMismatch, mayDebug } from './proxy-identity.ts';
import type { Proxy } from './proxy.ts';
import { parseProxy } from './proxy.ts';
import type { MessageParts } from './responses.ts';
import type { ServeMetrics } from './serve-metrics.ts';

export interface AdsServerOptions {
  /**
   * Proves who calls; rejects with an `Error` whose message may be told to the caller, and whose `kind` is `unavailable`
   * where it may be worth another try.
   */
  readonly authenticate: (call: GrpcCall) => Promise<Caller>;
  /** Opens a proxy's configuration; `onChange` is called after it has changed. */
  readonly configurationOf: (proxy: Proxy, onChange: OnChange, routeForm: RouteForm) => OpenSnapshot;
  readonly logger: Logger;
  readonly metrics: ServeMetrics;
  /** Streams that may be in their first sync at a time, 1,000 by default; others are told to try again. */
  readonly maxFirstSyncs?: number;
  /**
   * A stream has so long to send its first request, then so long to take its first configuration before it counts as
   * any other; 30 seconds by default.
   */
  readonly firstSyncMs?: number;
  /** Answers the debug requests of istioctl, to callers of this namespace; nobody's when it is left out. */
  readonly debug?: {
    readonly namespace: string;
    /** The bytes of a DiscoveryResponse. */
    readonly respond: (request: DebugRequest) => Promise<Uint8Array>;
  };
}

/** What a stream has of the server. */
export interface AdsStreamHost {
  readonly firstSyncs: FirstSyncs;
  readonly onOpen: (connection: Connection) => void;
  readonly onEnd: () => void;
}

/** So many bytes on their way make a stream full, until all of them are out. */
const fullBytes = 64 * 1024;
const defaultFirstSyncMs = 30_000;

/**
 * One call of an ADS method, from its first request to its end. It is in its first sync from that request on until a
 * proxy has taken its first listeners and everything before them (Envoy asks for listeners once its clusters and their
 * endpoints are there), for `firstSyncMs` at most.
 */
export class AdsStream implements GrpcStreamHandler {
  readonly #call: GrpcStream;
  readonly #protocol: DiscoveryProtocol;
  readonly #options: AdsServerOptions;
  readonly #host: AdsStreamHost;
  readonly #patience: NodeJS.Timeout;
  #leaveFirstSync: (() => void) | undefined;
  #connection: Connection | undefined;
  #configuration: OpenSnapshot | undefined;
  #isDebug = false;
  #full = false;
  #ended = false;

  constructor(call: GrpcStream, protocol: DiscoveryProtocol, options: AdsServerOptions, host: AdsStreamHost) {
    this.#call = call;
    this.#protocol = protocol;
    this.#options = options;
    this.#host = host;
    this.#patience = setTimeout(() => this.#runOutOfPatience(), options.firstSyncMs ?? defaultFirstSyncMs).unref();
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Ends the call with a gRPC status. */
  end(code: GrpcStatusCode, message: string): void {
    this.#release();
    this.#call.end(code, message);
  }

  onMessage(message: Buffer): void {
    this.#options.metrics.received(message.length);
    let request: DecodedRequest;
    try {
      request = this.#protocol.decode(message);
    } catch {
      return this.end(grpcStatus.invalidArgument, 'a message came that is no discovery request');
    }
    if (this.#connection !== undefined) this.#guarded(() => this.#connection?.receive(request.event));
    else if (this.#isDebug) this.#answerDebug(request);
    else this.#begin(request);
  }

  onHalfClose(): void {
    this.end(grpcStatus.ok, '');
  }

  onEnd(cause: EndCause): void {
    if (cause === 'write-timeout') {
      this.#options.metrics.writeTimedOut();
      this.#options.logger.warn('a proxy took nothing of what it was sent for too long; its stream was ended', {
        proxy: this.#connection?.proxy.id,
      });
    }
    this.#release();
  }

  #release(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#patience);
    this.#leaveFirstSync?.();
    this.#connection?.close();
    this.#configuration?.close();
    if (this.#connection !== undefined) {
      const { proxy } = this.#connection;
      this.#options.metrics.disconnected(proxy.version);
      this.#options.logger.info('proxy disconnected', { proxy: proxy.id });
    }
    this.#host.onEnd();
  }

  #runOutOfPatience(): void {
    if (this.#leaveFirstSync === undefined) this.end(grpcStatus.deadlineExceeded, 'no request came in time');
    else this.#leaveFirstSync();
  }

  /** Whether there is room is known before anything is done that costs. */
  #begin(request: DecodedRequest): void {
    const { firstSyncs } = this.#host;
    this.#leaveFirstSync = firstSyncs.enter();
    if (this.#leaveFirstSync === undefined) {
      return this.end(grpcStatus.resourceExhausted, `busy with ${firstSyncs.count} others, try again`);
    }
    this.#patience.refresh();
    // Nothing more is read until it is known who calls.
    this.#call.pause();
    this.#open(request).then(
      () => {
        if (this.#ended) return;
        if (this.#isDebug) return this.#answerDebug(request);
        this.#guarded(() => this.#connection?.receive(request.event));
        if (!this.#full) this.#call.resume();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #open({ node, event }: DecodedRequest): Promise<void> {
    const caller = await this.#authenticate();
    if (caller === undefined || this.#isEnded()) return;
    if (this.#protocol.name === 'sotw' && isDebugType(event.typeUrl)) {
      this.#openDebug(caller);
      return;
    }
    const parsed = parseProxy(node);
    if ('problem' in parsed) {
      this.end(grpcStatus.invalidArgument, parsed.problem);
      return;
    }
    const { proxy } = parsed;
    const refusal = identityMismatch(caller, proxy);
    if (refusal === undefined) {
      this.#connect(proxy, caller);
      return;
    }
    const fields = { proxy: proxy.id, reason: refusal };
    this.#options.logger.warn('refused a proxy that claims another identity', fields);
    this.end(grpcStatus.permissionDenied, refusal);
  }

  #connect(proxy: Proxy, { provenBy }: Caller): void {
    const { logger, metrics } = this.#options;
    const routeForm = this.#protocol.name === 'delta' ? 'discovering' : 'whole';
    const configuration = this.#options.configurationOf(proxy, (news) => this.#changed(news), routeForm);
    this.#configuration = configuration;
    this.#connection = new Connection({
      id: `${proxy.pod}.${proxy.namespace}-${randomBytes(3).toString('hex')}`,
      proxy,
      protocol: this.#protocol.name,
      visible: (type) => configuration.visible(type),
      write: (response) => this.#write(response),
      onFault: (error) => this.#fail(error),
      logger,
      metrics,
    });
    metrics.connected(proxy.version);
    logger.info('proxy connected', { proxy: proxy.id, protocol: this.#protocol.name, provenBy });
    this.#host.onOpen(this.#connection);
  }

  #openDebug(caller: Caller): void {
    const { debug } = this.#options;
    if (debug === undefined || !mayDebug(caller, debug.namespace)) {
      const who = "proven callers of the control plane's namespace";
      return this.end(grpcStatus.permissionDenied, `debug requests are answered for ${who} only`);
    }
    this.#isDebug = true;
    this.#leaveFirstSync?.();
  }

  /** One at a time; the next request is read once this one's answer is out. */
  #answerDebug({ event }: DecodedRequest): void {
    const { debug } = this.#options;
    if (debug === undefined || !isDebugType(event.typeUrl)) {
      return this.end(grpcStatus.invalidArgument, 'a stream of debug requests takes no others');
    }
    this.#call.pause();
    debug.respond({ typeUrl: event.typeUrl, resourceNames: event.subscribe }).then(
      (response) => this.#call.send([response], () => this.#call.resume()),
      (error: unknown) => this.#fail(error),
    );
  }

  async #authenticate(): Promise<Caller | undefined> {
    try {
      return await this.#options.authenticate(this.#call);
    } catch (error) {
      const unavailable = error instanceof Error && 'kind' in error && error.kind === 'unavailable';
      this.end(unavailable ? grpcStatus.unavailable : grpcStatus.unauthenticated, describeError(error));
      return undefined;
    }
  }

  /** In a function, since the compiler takes an earlier check to still hold after waiting. */
  #isEnded(): boolean {
    return this.#ended;
  }

  #changed(news: News): void {
    if (!this.#ended) this.#guarded(() => this.#connection?.changed(news));
  }

  /** A client that does not read what it is sent is not listened to either, so that its requests can't pile answers up. */
  #write(parts: MessageParts): boolean {
    const writtenAt = performance.now();
    this.#call.send(parts, () => this.#flushed(writtenAt));
    this.#full = this.#call.pendingBytes >= fullBytes;
    if (this.#full) this.#call.pause();
    return !this.#full;
  }

  #flushed(writtenAt: number): void {
    this.#options.metrics.flushed((performance.now() - writtenAt) / 1000);
    if (this.#call.pendingBytes > 0 || this.#ended) return;
    if (this.#connection?.subscriptions.get('listener')?.lastSentAt !== undefined) this.#leaveFirstSync?.();
    if (!this.#full) return;
    this.#full = false;
    this.#guarded(() => this.#connection?.drained());
    if (!this.#isFull()) this.#call.resume();
  }

  #isFull(): boolean {
    return this.#full;
  }

  /** A fault in serving one proxy must not reach the others. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The stream's state can't be relied on any more; the proxy begins a new one. */
  #fail(error: unknown): void {
    if (error instanceof RequestError) return this.end(grpcStatus.invalidArgument, error.message);
    this.#options.metrics.failed();
    this.#options.logger.error('failed to serve a proxy', { proxy: this.#connection?.proxy.id, error });
    this.end(grpcStatus.internal, 'istiod failed to serve this stream and has logged why');
  }
}
