import { fromBinary } from '@bufbuild/protobuf';
import type { ServerDuplexStream, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { status as codes } from '@grpc/grpc-js';
import type { DeltaDiscoveryRequest, DiscoveryRequest } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { AdsServerOptions, StreamProtocol } from './ads-stream.ts';
import { AdsStream } from './ads-stream.ts';
import type { Connection, DiscoveryEvent } from './connection.ts';

const shutdown = { code: codes.UNAVAILABLE, message: 'this istiod is shutting down' };

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
    StreamAggregatedResources: (call: ServerDuplexStream<DiscoveryRequest, Buffer>) =>
      this.#serve(call, { name: 'sotw', toEvent: sotwEvent }),
    DeltaAggregatedResources: (call: ServerDuplexStream<DeltaDiscoveryRequest, Buffer>) =>
      this.#serve(call, { name: 'delta', toEvent: deltaEvent }),
  };
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Set<{ end(code: number, message: string): void }>();
  readonly #options: AdsServerOptions;
  #closed = false;

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

  /** Ends all streams, also those yet to come, with a retryable status, so that proxies go to another replica. */
  close(): void {
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.end(shutdown.code, shutdown.message);
  }

  #serve<Request extends DiscoveryRequest | DeltaDiscoveryRequest>(
    call: ServerDuplexStream<Request, Buffer>,
    protocol: StreamProtocol<Request>,
  ): void {
    const stream = new AdsStream<Request>(call, protocol, this.#options, {
      onOpen: (connection) => this.#connections.set(connection.id, connection),
      onEnd: () => {
        this.#streams.delete(stream);
        if (stream.connection !== undefined) this.#connections.delete(stream.connection.id);
      },
    });
    if (this.#closed) return stream.end(shutdown.code, shutdown.message);
    this.#streams.add(stream);
  }
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
