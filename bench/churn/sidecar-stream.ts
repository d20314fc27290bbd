import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Client, credentials } from '@grpc/grpc-js';
import { describeError } from '../../lib/errors.ts';
import type { DeltaDiscoveryResponse } from '../../xds/envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../../xds/envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { HeldResource, HeldResources } from './held-resources.ts';
import type { SidecarIdentity } from './layout.ts';
import type { ResourceKind } from './resource-content.ts';
import { resourceContent } from './resource-content.ts';

type Request = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;

const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';
const typeUrls: Readonly<Record<ResourceKind, string>> = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
};
const kindsByUrl = new Map(Object.entries(typeUrls).map(([kind, url]) => [url, kind as ResourceKind]));

/** What a stream tells of. */
export interface StreamEvents {
  readonly onResponse: (response: { readonly resources: number; readonly bytes: number }) => void;
  /** A response that Envoy would reject. */
  readonly onRejected: (why: string) => void;
  /** The server, or the network, ended it. */
  readonly onEnded: (why: string) => void;
}

/** One delta ADS stream of a sidecar, asking and answering as Envoy does; what it is sent goes to `held`. */
export class SidecarStream {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Request, DeltaDiscoveryResponse>;
  readonly #held: HeldResources;
  readonly #events: StreamEvents;
  /** Kinds that were asked for on this stream. */
  readonly #asked = new Set<ResourceKind>();
  /** Kinds that were answered on this stream. */
  readonly #answered = new Set<ResourceKind>();
  #closed = false;

  constructor(address: string, sidecar: SidecarIdentity, held: HeldResources, events: StreamEvents) {
    this.#held = held;
    this.#events = events;
    this.#client = new Client(address, credentials.createInsecure(), {
      // A connection of its own, as of a process of its own.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    });
    this.#stream = this.#client.makeBidiStreamRequest<Request, DeltaDiscoveryResponse>(
      method,
      (request) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
      (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
    );
    this.#stream.on('data', (response: DeltaDiscoveryResponse) => this.#receive(response));
    this.#stream.on('error', () => undefined);
    this.#stream.once('status', ({ code, details }) => {
      if (this.#closed) return;
      this.close();
      this.#events.onEnded(`code ${code}: ${details}`);
    });
    this.#open(sidecar);
  }

  /** Whether everything that was asked for has been answered. */
  get isSynced(): boolean {
    return this.#answered.has('cluster') && this.#answered.has('listener') && this.#held.missing().length === 0;
  }

  /** As a process that is killed. */
  close(): void {
    this.#closed = true;
    this.#stream.cancel();
    this.#client.close();
  }

  /** All subscriptions, each with the versions that are still held from another stream; the first says who asks. */
  #open(sidecar: SidecarIdentity): void {
    this.#ask('cluster', { node: nodeOf(sidecar) });
    for (const kind of ['endpoint', 'listener', 'route'] as const) {
      const names = this.#held.wanted(kind);
      if (kind === 'listener' || names.length > 0) this.#ask(kind, { resourceNamesSubscribe: [...names] });
    }
    this.#askForVirtualHosts();
  }

  #ask(kind: ResourceKind, request: Request): void {
    const first = !this.#asked.has(kind);
    this.#asked.add(kind);
    const held = first ? { initialResourceVersions: this.#held.versions(kind) } : {};
    this.#stream.write({ typeUrl: typeUrls[kind], ...held, ...request });
  }

  /** Once, without names, for all route configurations that have theirs sent one by one. */
  #askForVirtualHosts(): void {
    if (!this.#asked.has('virtualHost') && this.#held.usesVhds) this.#ask('virtualHost', {});
  }

  #receive(response: DeltaDiscoveryResponse): void {
    if (this.#closed) return;
    const kind = kindsByUrl.get(response.typeUrl);
    const answer = { typeUrl: response.typeUrl, responseNonce: response.nonce };
    try {
      if (kind === undefined) throw new Error(`${response.typeUrl} was not asked for`);
      const resources = response.resources.map((it) => held(kind, it));
      const interest = this.#held.take(kind, resources, response.removedResources);
      this.#answered.add(kind);
      this.#stream.write(answer);
      if (interest !== undefined) {
        this.#ask(interest.kind, {
          resourceNamesSubscribe: [...interest.subscribe],
          resourceNamesUnsubscribe: [...interest.unsubscribe],
        });
      }
      this.#askForVirtualHosts();
    } catch (error) {
      const message = describeError(error);
      this.#stream.write({ ...answer, errorDetail: { code: 3, message } });
      this.#events.onRejected(message);
    }
    const bytes = response.resources.reduce((sum, { resource }) => sum + (resource?.value.length ?? 0), 0);
    this.#events.onResponse({ resources: response.resources.length, bytes });
  }
}

function held(kind: ResourceKind, sent: DeltaDiscoveryResponse['resources'][number]): HeldResource {
  if (sent.resource === undefined) throw new Error(`the ${kind} ${sent.name} is empty`);
  return { ...resourceContent(kind, sent.name, sent.resource.value), version: sent.version };
}

function nodeOf({ id, namespace, address, labels }: SidecarIdentity): Request['node'] {
  const metadata: JsonObject = {
    ...{ NAMESPACE: namespace, SERVICE_ACCOUNT: 'default', CLUSTER_ID: 'Kubernetes', MESH_ID: 'cluster.local' },
    ...{ ISTIO_VERSION: '1.30.0', INTERCEPTION_MODE: 'REDIRECT', INSTANCE_IPS: address },
    LABELS: { ...labels },
  };
  return { id, metadata };
}
