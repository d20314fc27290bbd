/** The xDS resource types that istiod serves, by their type URL (Envoy xDS protocol, "Resource types"). */
export const typeUrls = {
  cluster: 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  endpoint: 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment',
  listener: 'type.googleapis.com/envoy.config.listener.v3.Listener',
  route: 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
  virtualHost: 'type.googleapis.com/envoy.config.route.v3.VirtualHost',
} as const;

export type ResourceType = keyof typeof typeUrls;
export type TypeUrl = (typeof typeUrls)[ResourceType];

/** The order in which changes are sent, so that traffic never meets a name that is not there yet. */
export const sendOrder: readonly ResourceType[] = ['cluster', 'endpoint', 'listener', 'route', 'virtualHost'];

/** Istio's short names of the types, as metrics and debug pages show them. */
export const shortNames: Readonly<Record<ResourceType, string>> = {
  cluster: 'cds',
  endpoint: 'eds',
  listener: 'lds',
  route: 'rds',
  virtualHost: 'vhds',
};

const byUrl = new Map<string, ResourceType>(sendOrder.map((type): [string, ResourceType] => [typeUrls[type], type]));

/** The type that a URL names; undefined for one that istiod does not serve. */
export function resourceTypeOf(url: string): ResourceType | undefined {
  return byUrl.get(url);
}
