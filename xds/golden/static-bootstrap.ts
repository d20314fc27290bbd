import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { GoldenResult } from './golden-case.ts';
import { pipeCluster } from './pipe-cluster.ts';

/**
 * A bootstrap that holds everything inline which a proxy would get by xDS: `envoy --mode validate` looks at nothing
 * else. Routes go into their listeners, endpoints into their clusters.
 */
export function staticBootstrap({ resources }: GoldenResult): JsonObject {
  const routes = new Map(resources.route.map((route) => [route.name, route]));
  const endpoints = new Map(resources.endpoint.map((assignment) => [assignment.clusterName, assignment]));
  return {
    node: { id: 'golden', cluster: 'golden' },
    admin: { address: { socketAddress: { address: '127.0.0.1', portValue: 0 } } },
    staticResources: {
      clusters: [...resources.cluster.map((cluster) => withEndpoints(cluster, endpoints)), agentCluster],
      listeners: resources.listener.map((listener) => withRoutes(listener, routes) as JsonObject),
    },
  };
}

const agentCluster = pipeCluster('sds-grpc', '/nowhere/socket');

function withEndpoints(cluster: JsonObject, endpoints: ReadonlyMap<JsonValue | undefined, JsonObject>): JsonObject {
  const { edsClusterConfig, ...rest } = cluster;
  if (edsClusterConfig === undefined) return cluster;
  const loadAssignment = endpoints.get(cluster.name);
  if (loadAssignment === undefined)
    throw new Error(`cluster ${JSON.stringify(cluster.name)} has no endpoints resource`);
  return { ...rest, type: 'STATIC', loadAssignment };
}

/** Replaces every reference to a route configuration, however deep, by the configuration itself. */
function withRoutes(value: JsonValue, routes: ReadonlyMap<JsonValue | undefined, JsonObject>): JsonValue {
  if (Array.isArray(value)) return value.map((item) => withRoutes(item, routes));
  if (typeof value !== 'object' || value === null) return value;
  const { rds, ...rest } = value;
  const copy = Object.fromEntries(Object.entries(rest).map(([key, item]) => [key, withRoutes(item, routes)]));
  if (typeof rds !== 'object' || rds === null || Array.isArray(rds)) return copy;
  const routeConfig = routes.get(rds.routeConfigName);
  if (routeConfig === undefined)
    throw new Error(`route configuration ${JSON.stringify(rds.routeConfigName)} does not exist`);
  return { ...copy, routeConfig };
}
