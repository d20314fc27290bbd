import { randomBytes } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status as codes } from '@grpc/grpc-js';
import type { Caller } from '../../lib/identity.ts';
import type { Logger } from '../../lib/logger.ts';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { DiscoveryEvent } from './connection.ts';
import { Connection } from './connection.ts';
import type { Proxy } from './proxy.ts';
import { parseProxy } from './proxy.ts';
import type { ServeMetrics } from './serve-metrics.ts';
import type { VisibleSets } from './subscription.ts';

/** Where a proxy's configuration comes from, for as long as it is connected. */
export interface ProxyConfiguration {
  visible(type: ResourceType): VisibleSets;
  close(): void;
}

export interface AdsServerOptions {
  /** Proves who calls; rejects with an `Error` whose message may be told to the caller. */
  readonly authenticate: (call: ServerDuplexStream<unknown, Buffer>) => Promise<Caller>;
  /** Opens a proxy's configuration; `onChange` is called after it has changed. */
  readonly configurationOf: (proxy: Proxy, onChange: () => void) => ProxyConfiguration;
  readonly logger: Logger;
  readonly metrics: ServeMetrics;
}

type Stream<Request> = ServerDuplexStream<Request, Buffer>;

/** The aggregated discovery service, delta and state of the world (Envoy xDS protocol), for a `grpc.Server`. */
export class AdsServer {
  readonly definition: ServiceDefinition = {
    StreamAggregatedResources: method('StreamAggregatedResources', (bytes) =>
      fromBinary(DiscoveryRequestSchema, bytes),
    ),
    DeltaAggregatedResources: method('DeltaAggregatedResources', (bytes) =>
      fromBinary(DeltaDiscoveryRequestSchema, bytes),
    ),
  };
  readonly implementation: UntypedServiceImplementation = {
    StreamAggregatedResources: (call: Stream<DiscoveryRequest>) => this.#serve(call, 'sotw', sotwEvent),
    DeltaAggregatedResources: (call: Stream<DeltaDiscoveryRequest>) => this.#serve(call, 'delta', deltaEvent),
  };
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Set<{ end(code: number, message: string): void }>();
  readonly #options: AdsServerOptions;

  constructor(options: AdsServerOptions) {
    this.#options = options;
  }

  /** The proxies connected now. */
  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Ends all streams with a retryable status, so that proxies go to another replica. */
  close(): void {
    for (const stream of this.#streams) stream.end(codes.UNAVAILABLE, 'this istiod is shutting down');
  }

  #serve<Request extends DiscoveryRequest | DeltaDiscoveryRequest>(
    call: Stream<Request>,
    protocol: 'delta' | 'sotw',
    toEvent: (request: Request) => DiscoveryEvent,
  ): void {
    let connection: Connection | undefined;
    let configuration: ProxyConfiguration | undefined;
    let opening: Promise<void> | undefined;
    let ended = false;
    const close = (): void => {
      ended = true;
      this.#streams.delete(stream);
      configuration?.close();
      if (connection !== undefined && this.#connections.delete(connection.id)) {
        this.#options.metrics.connections.dec({ version: connection.proxy.version });
        this.#options.logger.info('proxy disconnected', { proxy: connection.proxy.id });
      }
    };
    const stream = {
      end(code: number, message: string): void {
        if (ended) return;
        close();
        call.emit('error', { code, details: message });
      },
    };
    this.#streams.add(stream);

    const open = async (request: Request): Promise<void> => {
      const caller = await this.#options.authenticate(call).catch((error: unknown) => {
        stream.end(codes.UNAUTHENTICATED, error instanceof Error ? error.message : String(error));
      });
      if (caller === undefined || ended) return;
      const parsed = parseProxy(request.node);
      if ('problem' in parsed) { stream.end(codes.INVALID_ARGUMENT, parsed.problem); return; }
      const { proxy } = parsed;
      const refusal = identityMismatch(caller, proxy);
      if (refusal !== undefined) {
        this.#options.logger.warn('refused a proxy that claims another identity', { proxy: proxy.id, reason: refusal });
        stream.end(codes.PERMISSION_DENIED, refusal); return;
      }
      const opened = this.#options.configurationOf(proxy, () => connection?.flush());
      configuration = opened;
      connection = new Connection({
        id: `${proxy.pod}.${proxy.namespace}-${randomBytes(3).toString('hex')}`,
        proxy,
        protocol,
        visible: (type) => opened.visible(type),
        write: (response) => call.write(response),
        logger: this.#options.logger,
        metrics: this.#options.metrics,
      });
      this.#connections.set(connection.id, connection);
      this.#options.metrics.connections.inc({ version: proxy.version });
      this.#options.logger.info('proxy connected', { proxy: proxy.id, protocol, provenBy: caller.provenBy });
    };
    const receive = (request: Request): void => {
      if (connection !== undefined) return this.#guarded(connection, () => connection?.receive(toEvent(request)));
      // Requests that arrive while the caller is being authenticated wait their turn.
      opening = (opening ?? open(request)).then(() => {
        if (connection !== undefined && !ended) {
          this.#guarded(connection, () => connection?.receive(toEvent(request)));
        }
      });
    };
    call.on('data', receive);
    call.on('drain', () => {
      if (connection !== undefined) this.#guarded(connection, () => connection?.drained());
    });
    call.on('cancelled', close);
    call.on('error', close);
    call.on('end', () => {
      close();
      call.end();
    });
  }

  /** A fault in serving one proxy must not reach the others. */
  #guarded(connection: Connection, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.logger.error('failed to serve a proxy', { proxy: connection.proxy.id, error });
    }
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

function method(name: string, deserialize: (bytes: Buffer) => object): ServiceDefinition[string] {
  return {
    path: `/envoy.service.discovery.v3.AggregatedDiscoveryService/${name}`,
    requestStream: true,
    responseStream: true,
    requestDeserialize: deserialize,
    requestSerialize: () => Buffer.alloc(0),
    // Responses are encoded already; the same bytes may go to many streams.
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes: Buffer) => bytes,
  };
}

function sotwEvent(request: DiscoveryRequest): DiscoveryEvent {
  return {
    typeUrl: request.typeUrl,
    nonce: request.responseNonce,
    ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
    subscribe: request.resourceNames,
    unsubscribe: [],
    held: new Map(),
  };
}

function deltaEvent(request: DeltaDiscoveryRequest): DiscoveryEvent {
  return {
    typeUrl: request.typeUrl,
    nonce: request.responseNonce,
    ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    held: new Map(Object.entries(request.initialResourceVersions)),
  };
}
