import type { GrpcMethods, GrpcStream } from '../../lib/grpc-server/methods.ts';
import { grpcStatus } from '../../lib/grpc-server/status.ts';
import type { AdsServerOptions } from './ads-stream.ts';
import { AdsStream } from './ads-stream.ts';
import type { Connection } from './connection.ts';
import type { DiscoveryProtocol } from './discovery-protocol.ts';
import { incremental, stateOfTheWorld } from './discovery-protocol.ts';
import { FirstSyncs } from './first-syncs.ts';

const service = '/envoy.service.discovery.v3.AggregatedDiscoveryService';
const defaultMaxFirstSyncs = 1000;
const shuttingDown = 'this istiod is shutting down';

/** The aggregated discovery service, delta and state of the world (Envoy xDS protocol), for a gRPC server. */
export class AdsServer {
  readonly methods: GrpcMethods = {
    [`${service}/StreamAggregatedResources`]: {
      kind: 'stream',
      open: (call) => this.#open(call, stateOfTheWorld),
    },
    [`${service}/DeltaAggregatedResources`]: { kind: 'stream', open: (call) => this.#open(call, incremental) },
  };
  readonly #connections = new Map<string, Connection>();
  readonly #streams = new Set<AdsStream>();
  readonly #firstSyncs: FirstSyncs;
  readonly #options: AdsServerOptions;
  #closed = false;

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#firstSyncs = new FirstSyncs(options.maxFirstSyncs ?? defaultMaxFirstSyncs);
  }

  /** The proxies connected now. */
  get connections(): Iterable<Connection> {
    return this.#connections.values();
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Streams that are being given their first configuration. */
  get firstSyncCount(): number {
    return this.#firstSyncs.count;
  }

  /** Ends all streams, also those yet to come, with a retryable status, so that proxies go to another replica. */
  close(): void {
    this.#closed = true;
    for (const stream of [...this.#streams]) stream.end(grpcStatus.unavailable, shuttingDown);
  }

  #open(call: GrpcStream, protocol: DiscoveryProtocol): AdsStream {
    const stream: AdsStream = new AdsStream(call, protocol, this.#options, {
      firstSyncs: this.#firstSyncs,
      onOpen: (connection) => this.#connections.set(connection.id, connection),
      onEnd: () => {
        this.#streams.delete(stream);
        if (stream.connection !== undefined) this.#connections.delete(stream.connection.id);
      },
    });
    if (this.#closed) stream.end(grpcStatus.unavailable, shuttingDown);
    else this.#streams.add(stream);
    return stream;
  }
}
