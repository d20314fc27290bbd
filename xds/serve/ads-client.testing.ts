import type { MessageInitShape } from '@bufbuild/protobuf';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { ChannelCredentials, ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { Client, Metadata } from '@grpc/grpc-js';
import type { DeltaDiscoveryResponse } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DeltaDiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import { typeUrls } from '../envoy/type-urls.ts';

type DeltaRequest = MessageInitShape<typeof DeltaDiscoveryRequestSchema>;
const method = '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources';

/** A proxy's delta stream to a real server. */
export class AdsClient {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<DeltaRequest, DeltaDiscoveryResponse>;
  readonly #responses: DeltaDiscoveryResponse[] = [];
  readonly #ended: Promise<StatusObject>;

  constructor(address: string, credentials: ChannelCredentials, metadata?: Metadata, serverName?: string) {
    this.#client = new Client(address, credentials, {
      // Each client has a connection of its own.
      'grpc.use_local_subchannel_pool': 1,
      ...(serverName === undefined ? {} : { 'grpc.ssl_target_name_override': serverName }),
    });
    this.#stream = this.#client.makeBidiStreamRequest<DeltaRequest, DeltaDiscoveryResponse>(
      method,
      (request) => Buffer.from(toBinary(DeltaDiscoveryRequestSchema, create(DeltaDiscoveryRequestSchema, request))),
      (bytes) => fromBinary(DeltaDiscoveryResponseSchema, bytes),
      metadata ?? new Metadata(),
    );
    this.#stream.on('data', (response: DeltaDiscoveryResponse) => this.#responses.push(response));
    this.#stream.on('error', () => undefined);
    this.#ended = new Promise((resolve) => this.#stream.once('status', resolve));
  }

  send(request: DeltaRequest): void {
    this.#stream.write(request);
  }

  /** Says who it is and asks for all clusters or listeners, or for what is named. */
  subscribe(type: ResourceType, names: readonly string[] = ['*'], node?: DeltaRequest['node']): void {
    this.send({
      typeUrl: typeUrls[type],
      resourceNamesSubscribe: [...names],
      ...(node === undefined ? {} : { node }),
    });
  }

  /** The next response, which is answered at once; rejects when the stream ends instead. */
  async next(): Promise<DeltaDiscoveryResponse> {
    while (this.#responses.length === 0) {
      const ended = this.#ended.then(({ code, details }) => {
        throw new Error(`the stream ended with code ${code}: ${details}`);
      });
      const arrived = new Promise((resolve) => this.#stream.once('data', resolve));
      await Promise.race([arrived, ended]);
    }
    const response = this.#responses.shift();
    if (response === undefined) throw new Error('there is no response');
    this.send({ typeUrl: response.typeUrl, responseNonce: response.nonce });
    return response;
  }

  /** How the server ended the stream. */
  status(): Promise<StatusObject> {
    return this.#ended;
  }

  /** As a process that is killed. */
  vanish(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** The node of a sidecar, as its agent writes it. */
export function sidecarNode(pod: string, namespace: string, serviceAccount = 'default', address = '10.1.0.1') {
  return {
    id: `sidecar~${address}~${pod}.${namespace}~${namespace}.svc.cluster.local`,
    metadata: { NAMESPACE: namespace, SERVICE_ACCOUNT: serviceAccount, INSTANCE_IPS: address },
  };
}
