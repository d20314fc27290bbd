import { fromBinary } from '@bufbuild/protobuf';
import type { Node } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import {
  DeltaDiscoveryRequestSchema,
  DiscoveryRequestSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { DiscoveryEvent } from './connection.ts';

/** A request of either protocol as far as it is looked at. */
export interface DecodedRequest {
  readonly node: Node | undefined;
  readonly event: DiscoveryEvent;
}

/** What differs between the two methods of the aggregated discovery service (Envoy xDS protocol). */
export interface DiscoveryProtocol {
  readonly name: 'delta' | 'sotw';
  /** Throws for bytes that are no request. */
  readonly decode: (message: Uint8Array) => DecodedRequest;
}

export const stateOfTheWorld: DiscoveryProtocol = {
  name: 'sotw',
  decode(message) {
    const request = fromBinary(DiscoveryRequestSchema, message);
    const event = {
      typeUrl: request.typeUrl,
      nonce: request.responseNonce,
      ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
      subscribe: request.resourceNames,
      unsubscribe: [],
      held: new Map(),
    };
    return { node: request.node, event };
  },
};

export const incremental: DiscoveryProtocol = {
  name: 'delta',
  decode(message) {
    const request = fromBinary(DeltaDiscoveryRequestSchema, message);
    const event = {
      typeUrl: request.typeUrl,
      nonce: request.responseNonce,
      ...(request.errorDetail === undefined ? {} : { error: request.errorDetail.message }),
      subscribe: request.resourceNamesSubscribe,
      unsubscribe: request.resourceNamesUnsubscribe,
      held: new Map(Object.entries(request.initialResourceVersions)),
    };
    return { node: request.node, event };
  },
};
