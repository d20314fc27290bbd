import { randomBytes } from 'node:crypto';
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { status as codes } from '@grpc/grpc-js';
import { describeError } from '../../lib/errors.ts';
import type { Caller } from '../../lib/identity.ts';
import type { Logger } from '../../lib/logger.ts';
import type { Node } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { News, OnChange, OpenSnapshot, RouteForm } from '../snapshot/snapshot-engine.ts';
import type { DiscoveryEvent } from './connection.ts';
import { Connection, RequestError } from './connection.ts';
import type { Proxy } from './proxy.ts';
import { parseProxy } from './proxy.ts';
import type { MessageParts } from './responses.ts';
import type { ServeMetrics } from './serve-metrics.ts';

export interface AdsServerOptions {
  /**
   * Proves who calls; rejects with an `Error` whose message may be told to the caller, and whose `kind` is `unavailable`
   * where it may be worth another try.
   */
  readonly authenticate: (call: ServerDuplexStream<unknown, Buffer>) => Promise<Caller>;
  /** Opens a proxy's configuration; `onChange` is called after it has changed. */
  readonly configurationOf: (proxy: Proxy, onChange: OnChange, routeForm: RouteForm) => OpenSnapshot;
  readonly logger: Logger;
  readonly metrics: ServeMetrics;
}

/** What is the same for both protocols, and the way to the rest. */
export interface StreamProtocol<Request> {
  readonly name: 'delta' | 'sotw';
  readonly toEvent: (request: Request) => DiscoveryEvent;
}

/** One call of an ADS method, from its first request to its end. */
export class AdsStream<Request extends { node?: Node | undefined }> {
  readonly #call: ServerDuplexStream<Request, Buffer>;
  readonly #protocol: StreamProtocol<Request>;
  readonly #options: AdsServerOptions;
  readonly #onOpen: (connection: Connection) => void;
  readonly #onEnd: () => void;
  #connection: Connection | undefined;
  #configuration: OpenSnapshot | undefined;
  #ended = false;

  constructor(
    call: ServerDuplexStream<Request, Buffer>,
    protocol: StreamProtocol<Request>,
    options: AdsServerOptions,
    listener: { readonly onOpen: (connection: Connection) => void; readonly onEnd: () => void },
  ) {
    this.#call = call;
    this.#protocol = protocol;
    this.#options = options;
    this.#onOpen = listener.onOpen;
    this.#onEnd = listener.onEnd;
    call.on('data', (request: Request) => this.#receive(request));
    call.on('drain', () => {
      if (this.#ended) return;
      this.#guarded(() => this.#connection?.drained());
      call.resume();
    });
    call.on('cancelled', () => this.#release());
    call.on('error', () => this.#release());
    call.on('end', () => {
      this.#release();
      call.end();
    });
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Ends the call with a gRPC status. */
  end(code: number, message: string): void {
    if (this.#ended) return;
    this.#release();
    this.#call.emit('error', { code, details: message });
  }

  #release(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#connection?.close();
    this.#configuration?.close();
    if (this.#connection !== undefined) {
      const { proxy } = this.#connection;
      this.#options.metrics.disconnected(proxy.version);
      this.#options.logger.info('proxy disconnected', { proxy: proxy.id });
    }
    this.#onEnd();
  }

  #receive(request: Request): void {
    if (this.#ended) return;
    if (this.#connection !== undefined) {
      this.#guarded(() => this.#connection?.receive(this.#protocol.toEvent(request)));
      return;
    }
    // Nothing more is read until it is known who calls.
    this.#call.pause();
    this.#open(request).then(
      () => {
        if (this.#ended) return;
        this.#guarded(() => this.#connection?.receive(this.#protocol.toEvent(request)));
        this.#call.resume();
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #open(request: Request): Promise<void> {
    const caller = await this.#authenticate();
    if (caller === undefined || this.#isEnded()) return;
    const parsed = parseProxy(request.node);
    if ('problem' in parsed) {
      this.end(codes.INVALID_ARGUMENT, parsed.problem);
      return;
    }
    const { proxy } = parsed;
    const { logger, metrics } = this.#options;
    const refusal = identityMismatch(caller, proxy);
    if (refusal !== undefined) {
      logger.warn('refused a proxy that claims another identity', { proxy: proxy.id, reason: refusal });
      this.end(codes.PERMISSION_DENIED, refusal);
      return;
    }
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
    logger.info('proxy connected', { proxy: proxy.id, protocol: this.#protocol.name, provenBy: caller.provenBy });
    this.#onOpen(this.#connection);
  }

  async #authenticate(): Promise<Caller | undefined> {
    try {
      return await this.#options.authenticate(this.#call);
    } catch (error) {
      const unavailable = error instanceof Error && 'kind' in error && error.kind === 'unavailable';
      this.end(unavailable ? codes.UNAVAILABLE : codes.UNAUTHENTICATED, describeError(error));
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
    const takesMore = this.#call.write(Buffer.concat(parts));
    if (!takesMore) this.#call.pause();
    return takesMore;
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
    if (error instanceof RequestError) return this.end(codes.INVALID_ARGUMENT, error.message);
    this.#options.logger.error('failed to serve a proxy', { proxy: this.#connection?.proxy.id, error });
    this.end(codes.INTERNAL, 'istiod failed to serve this stream and has logged why');
  }
}

/** Why a proven caller may not have the configuration that the node asks for; undefined when it may. */
function identityMismatch({ identity, provenBy }: Caller, proxy: Proxy): string | undefined {
  if (provenBy === 'plaintext-unauthenticated') return undefined;
  if (identity.namespace === proxy.namespace && identity.serviceAccount === proxy.serviceAccount) return undefined;
  return (
    `the caller is service account ${identity.namespace}/${identity.serviceAccount}, ` +
    `but the node claims ${proxy.namespace}/${proxy.serviceAccount}`
  );
}
