import { create } from '@bufbuild/protobuf';
import type { Fields } from '../envoy/fields.ts';
import type {
  Filter,
  FilterChain,
  FilterChainMatchSchema,
} from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import { FilterChainSchema } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { TcpProxySchema } from '../envoy/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { hostRange } from './address.ts';
import { parseOptional } from './duration.ts';
import type { Layer4Chain } from './layer4-chains.ts';
import type { WeightedTarget } from './layer4-route.ts';
import { offerTcpAlpn, tcpProxy } from './network-filter.ts';

type Match = Fields<typeof FilterChainMatchSchema>;

/** What the TCP chains of one listener have in common. */
export interface TcpContext {
  /** Name in statistics of connections that are shared out over several clusters; others have that of their cluster. */
  readonly statPrefix: string;
  readonly settings: MeshSettings;
}

/** The filter chain of one layer 4 chain of a listener. */
export function tcpChain(chain: Layer4Chain, context: TcpContext, match: Match = {}): FilterChain {
  const conditions: Match = { ...match, ...addressMatch(chain.addresses) };
  if (chain.serverName !== undefined) conditions.serverNames = [chain.serverName];
  return create(FilterChainSchema, {
    ...(Object.keys(conditions).length === 0 ? {} : { filterChainMatch: conditions }),
    filters: tcpFilters(chain.clusters, context),
  });
}

/** Matches connections that were made to one of the addresses; to any if there is none. */
export function addressMatch(addresses: readonly string[]): Match {
  return addresses.length === 0 ? {} : { prefixRanges: addresses.map(hostRange) };
}

function tcpFilters(clusters: Layer4Chain['clusters'], { statPrefix, settings }: TcpContext): Filter[] {
  const [first, ...others] = clusters;
  const { idleTimeout, maxConnectionDuration } = first.trafficPolicy?.connectionPool?.tcp ?? {};
  const proxy = tcpProxy(first.cluster, settings, {
    ...(others.length === 0 ? {} : { statPrefix, ...weighted(clusters) }),
    idleTimeout: parseOptional(idleTimeout),
    maxDownstreamConnectionDuration: parseOptional(maxConnectionDuration),
    ...(clusters.some(hashesBySource) ? { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] } : {}),
  });
  const saysHttp = clusters.some(({ declaredTcp }) => !declaredTcp);
  return saysHttp && clusters.every(hasMeshTls) ? [offerTcpAlpn(), proxy] : [proxy];
}

function weighted(clusters: readonly WeightedTarget[]): Fields<typeof TcpProxySchema> {
  const value = { clusters: clusters.map(({ cluster, weight }) => ({ name: cluster, weight })) };
  return { clusterSpecifier: { case: 'weightedClusters', value } };
}

function hashesBySource({ trafficPolicy }: WeightedTarget): boolean {
  return trafficPolicy?.loadBalancer?.consistentHash?.useSourceIp === true;
}

/** Whether the mesh's own TLS, if any, leads there: others' TLS must not be told what the mesh offers. */
function hasMeshTls({ trafficPolicy }: WeightedTarget): boolean {
  return trafficPolicy?.tls === undefined || trafficPolicy.tls.mode === 'ISTIO_MUTUAL';
}
