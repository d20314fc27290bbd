import { create } from '@bufbuild/protobuf';
import { ports } from '../../lib/ports.ts';
import type { Fields } from '../envoy/fields.ts';
import { TrafficDirection } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type {
  FilterChain,
  FilterChainMatchSchema,
  ListenerFilter,
} from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import { FilterChainSchema } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { MeshSettings, MutualTlsMode } from '../model/mesh-settings.ts';
import { blackHoleCluster, inboundClusterName, inboundPassthroughCluster } from '../model/names.ts';
import type { InboundPort } from '../model/workload.ts';
import { listenerAccessLogs } from './access-log.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import { socketAddress, wildcards } from './address.ts';
import { mutualTlsServer } from './downstream-tls.ts';
import { milliseconds } from './duration.ts';
import { inboundHttp } from './http-connection-manager.ts';
import type { InboundChain } from './inbound-chains.ts';
import { detectionOf, inboundChains } from './inbound-chains.ts';
import { inboundPassthroughRoutes, inboundRoutes } from './inbound-route.ts';
import { httpFilter, httpInspector, originalDestination, tcpProxy, tlsInspector } from './network-filter.ts';

/** All that a sidecar's inbound side follows from. */
export interface VirtualInboundInput {
  /** Address families of the pod. */
  readonly families: IpFamilies;
  /** Ports that services send to, one entry a container port. */
  readonly inboundPorts: readonly InboundPort[];
  /** What the workload accepts on ports that no service declares. */
  readonly mutualTls: MutualTlsMode;
  /** What PeerAuthentication says of single ports; those that services declare are in `inboundPorts` already. */
  readonly portModes?: ReadonlyMap<number, MutualTlsMode>;
  readonly settings: MeshSettings;
}

/** Where the connections of one port, or of all undeclared ones, go. */
interface Destination {
  /** Container port; undefined for all that no other destination names. */
  readonly port: number | undefined;
  readonly cluster: string;
  readonly statPrefix: string;
  readonly httpChainName: string;
  readonly tcpChainName: string;
  readonly routes: RouteConfiguration;
  readonly chains: readonly InboundChain[];
}

/** The listener of captured inbound connections, 15006: chains by container port, then those for all other ports. */
export function virtualInbound(input: VirtualInboundInput): Listener {
  const { settings, families } = input;
  const destinations = destinationsOf(input);
  const [first, ...others] = wildcards(families);
  return create(ListenerSchema, {
    name: 'virtualInbound',
    address: socketAddress(first, ports.inbound),
    additionalAddresses: others.map((address) => ({ address: socketAddress(address, ports.inbound) })),
    trafficDirection: TrafficDirection.INBOUND,
    continueOnListenerFiltersTimeout: true,
    listenerFiltersTimeout: milliseconds(settings.protocolDetectionTimeoutMs),
    listenerFilters: inspectors(destinations),
    filterChains: [
      loopGuard(settings),
      ...destinations.flatMap((destination) =>
        destination.chains.map((chain) => filterChain(destination, chain, settings)),
      ),
    ],
    accessLog: listenerAccessLogs(settings.accessLog),
  });
}

function destinationsOf({ inboundPorts, mutualTls, portModes }: VirtualInboundInput): readonly Destination[] {
  const declared = [...inboundPorts].sort((a, b) => a.port - b.port).map(declaredDestination);
  const known = new Set(inboundPorts.map(({ port }) => port));
  const single = [...(portModes ?? [])]
    .filter(([port]) => !known.has(port))
    .sort(([a], [b]) => a - b)
    .map(([port, mode]) => undeclaredDestination(port, mode));
  return [undeclaredDestination(undefined, mutualTls), ...single, ...declared];
}

function declaredDestination(inbound: InboundPort): Destination {
  const name = `0.0.0.0_${String(inbound.port)}`;
  return {
    port: inbound.port,
    cluster: inboundClusterName(inbound.port),
    statPrefix: `inbound_${name}`,
    httpChainName: name,
    tcpChainName: name,
    routes: inboundRoutes(inbound),
    chains: inboundChains(inbound.mutualTls, detectionOf(inbound.protocol)),
  };
}

function undeclaredDestination(port: number | undefined, mode: MutualTlsMode): Destination {
  return {
    port,
    cluster: inboundPassthroughCluster,
    statPrefix: inboundPassthroughCluster,
    httpChainName: 'virtualInbound-catchall-http',
    tcpChainName: 'virtualInbound',
    routes: inboundPassthroughRoutes(),
    chains: inboundChains(mode, 'auto'),
  };
}

function filterChain(destination: Destination, chain: InboundChain, settings: MeshSettings): FilterChain {
  const http = chain.handledAs === 'http';
  const { statPrefix, routes, cluster } = destination;
  return create(FilterChainSchema, {
    name: http ? destination.httpChainName : destination.tcpChainName,
    filterChainMatch: chainMatch(destination.port, chain),
    filters: [http ? httpFilter(inboundHttp({ statPrefix, routes }, settings)) : tcpProxy(cluster, settings)],
    ...(chain.mutualTls ? { transportSocket: mutualTlsServer(chain.handledAs, settings) } : {}),
  });
}

function chainMatch(port: number | undefined, chain: InboundChain): Fields<typeof FilterChainMatchSchema> {
  return {
    ...(port === undefined ? {} : { destinationPort: port }),
    transportProtocol: chain.transport,
    applicationProtocols: [...chain.applicationProtocols],
  };
}

/** A connection made to the listener's own port would be handed to itself for ever. */
function loopGuard(settings: MeshSettings): FilterChain {
  return create(FilterChainSchema, {
    name: 'virtualInbound-blackhole',
    filterChainMatch: { destinationPort: ports.inbound },
    filters: [tcpProxy(blackHoleCluster, settings)],
  });
}

/** Inspectors wait for the client's first bytes, so each is kept off the ports that do not need it. */
function inspectors(destinations: readonly Destination[]): ListenerFilter[] {
  const without = (needed: (chain: InboundChain) => boolean) =>
    destinations.flatMap(({ port, chains }) => (port !== undefined && !chains.some(needed) ? [port] : []));
  const withoutTls = without((chain) => chain.transport === 'tls');
  const withoutHttp = without((chain) => chain.transport === 'raw_buffer' && chain.applicationProtocols.length > 0);
  return [
    originalDestination,
    tlsInspector([...withoutTls, ports.inbound]),
    httpInspector([...withoutHttp, ports.inbound]),
  ];
}
