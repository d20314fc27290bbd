import { hash } from 'node:crypto';
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { Cluster_DiscoveryType, ClusterSchema } from '../../xds/envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../../xds/envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Listener } from '../../xds/envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { ListenerSchema } from '../../xds/envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { VirtualHostSchema } from '../../xds/envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteConfigurationSchema } from '../../xds/envoy/gen/envoy/config/route/v3/route_pb.js';
import { HttpConnectionManagerSchema } from '../../xds/envoy/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js';

export const resourceKinds = ['cluster', 'endpoint', 'listener', 'route', 'virtualHost'] as const;
export type ResourceKind = (typeof resourceKinds)[number];

/** What of a resource decides what its sidecar does next. */
export interface ResourceContent {
  /** Of the bytes. */
  readonly hash: string;
  /** The name in the message. */
  readonly name: string;
  /** Names that it makes Envoy ask for: endpoints of a cluster, routes of a listener. */
  readonly needs: readonly string[];
  /** A route configuration whose virtual hosts come one by one. */
  readonly usesVhds: boolean;
}

/** Bytes that many sidecars get are read once. */
const known = new Map<string, ResourceContent>();

/** Reads a resource. Throws for what is none, or what Envoy would not take under this name. */
export function resourceContent(kind: ResourceKind, name: string, bytes: Uint8Array): ResourceContent {
  const digest = hash('sha1', bytes, 'base64');
  const key = `${kind} ${digest}`;
  const content = known.get(key) ?? { hash: digest, needs: [], usesVhds: false, ...readers[kind](bytes) };
  known.set(key, content);
  if (content.name !== name) throw new Error(`the ${kind} ${name} is named ${content.name} inside`);
  return content;
}

type Read = Pick<ResourceContent, 'name'> & Partial<ResourceContent>;

const readers: Readonly<Record<ResourceKind, (bytes: Uint8Array) => Read>> = {
  cluster: reader(ClusterSchema, ({ name, clusterDiscoveryType, edsClusterConfig }) => {
    const { case: how, value } = clusterDiscoveryType;
    const isEds = how === 'type' && value === Cluster_DiscoveryType.EDS;
    return { name, needs: isEds ? [edsClusterConfig?.serviceName || name] : [] };
  }),
  endpoint: reader(ClusterLoadAssignmentSchema, ({ clusterName }) => ({ name: clusterName })),
  listener: reader(ListenerSchema, (listener) => ({ name: listener.name, needs: routesOf(listener) })),
  route: reader(RouteConfigurationSchema, ({ name, vhds }) => ({ name, usesVhds: vhds !== undefined })),
  virtualHost: reader(VirtualHostSchema, ({ name }) => ({ name })),
};

function reader<Desc extends DescMessage>(
  schema: Desc,
  read: (message: MessageShape<Desc>) => Read,
): (bytes: Uint8Array) => Read {
  return (bytes) => read(fromBinary(schema, bytes));
}

function routesOf({ filterChains, defaultFilterChain }: Listener): readonly string[] {
  const chains = defaultFilterChain === undefined ? filterChains : [...filterChains, defaultFilterChain];
  const names = chains.flatMap(({ filters }) =>
    filters.flatMap(({ configType: { case: how, value } }) => {
      const manager = how === 'typedConfig' ? anyUnpack(value, HttpConnectionManagerSchema) : undefined;
      const { routeSpecifier } = manager ?? {};
      return routeSpecifier?.case === 'rds' ? [routeSpecifier.value.routeConfigName] : [];
    }),
  );
  return [...new Set(names)];
}
