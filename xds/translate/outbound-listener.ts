import { create } from '@bufbuild/protobuf';
import { ports } from '../../lib/ports.ts';
import type { Fields } from '../envoy/fields.ts';
import { TrafficDirection } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { FilterChain, ListenerFilter } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import { FilterChainSchema } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { blackHoleCluster, outboundClusterName, passthroughCluster } from '../model/names.ts';
import { listenerAccessLogs } from './access-log.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import { socketAddress, wildcards } from './address.ts';
import { alpnMatch } from './alpn.ts';
import { milliseconds } from './duration.ts';
import { outboundHttp } from './http-connection-manager.ts';
import { layer4Chains } from './layer4-chains.ts';
import { httpFilter, httpInspector, tcpProxy, tlsInspector } from './network-filter.ts';
import type { HttpListenerPlan, ListenerPlan, ServiceListenerPlan } from './outbound-plan.ts';
import { addressMatch, tcpChain } from './outbound-tcp-chain.ts';

/** Plaintext HTTP, so that an application's own TLS is never taken for HTTP by the ALPN that it offers. */
const plaintextHttp = {
  transportProtocol: 'raw_buffer',
  applicationProtocols: [...alpnMatch.plaintextHttp],
};

/** A planned listener. It is bound to no port: `virtualOutbound` hands connections to it by where they were made to. */
export function translateOutboundListener(plan: ListenerPlan, settings: MeshSettings): Listener {
  const [first, ...others] = plan.addresses;
  return create(ListenerSchema, {
    name: plan.name,
    address: socketAddress(first, plan.port),
    additionalAddresses: others.map((address) => ({ address: socketAddress(address, plan.port) })),
    bindToPort: false,
    trafficDirection: TrafficDirection.OUTBOUND,
    accessLog: listenerAccessLogs(settings.accessLog),
    ...(plan.kind === 'service' ? serviceChains(plan, settings) : httpPortChains(plan, settings)),
  });
}

/** HTTP whatever the host; anything else goes where the client wanted, as far as it is let out. */
function httpPortChains(plan: HttpListenerPlan, settings: MeshSettings): Fields<typeof ListenerSchema> {
  return {
    ...inspected(settings, [tlsInspector(), httpInspector()]),
    filterChains: [httpChain(plan, [], settings)],
    defaultFilterChain: passthroughChain(settings),
  };
}

function serviceChains(plan: ServiceListenerPlan, settings: MeshSettings): Fields<typeof ListenerSchema> {
  const statPrefix = outboundClusterName(plan.port, '', plan.service.hostname);
  const context = { statPrefix, settings };
  const chains = layer4Chains(plan.routes, plan.addresses);
  const others = chains.filter(({ serverName }) => serverName === undefined);
  const named = chains.filter((chain) => !others.includes(chain)).map((chain) => tcpChain(chain, context));
  if (plan.detection === 'tcp') {
    const inspection = named.length === 0 ? {} : inspected(settings, [tlsInspector()]);
    return { ...inspection, filterChains: [...named, ...others.map((chain) => tcpChain(chain, context))] };
  }
  const inspection = inspected(settings, [tlsInspector(), httpInspector()]);
  const [other] = others;
  if (other?.addresses.length === 0) {
    const filterChains = [httpChain(plan, [], settings), ...named];
    return { ...inspection, filterChains, defaultFilterChain: tcpChain(other, context) };
  }
  // Chains differ by address. Envoy looks for no other once it has found an address and then a transport protocol, so
  // that each address and each protocol needs all of its chains.
  const perProtocol = others.flatMap((chain) =>
    ['raw_buffer', 'tls'].map((transportProtocol) => tcpChain(chain, context, { transportProtocol })),
  );
  return { ...inspection, filterChains: [httpChain(plan, plan.addresses, settings), ...named, ...perProtocol] };
}

function inspected(settings: MeshSettings, listenerFilters: ListenerFilter[]): Fields<typeof ListenerSchema> {
  return {
    listenerFilters,
    listenerFiltersTimeout: milliseconds(settings.protocolDetectionTimeoutMs),
    continueOnListenerFiltersTimeout: true,
  };
}

function httpChain(plan: ListenerPlan, addresses: readonly string[], settings: MeshSettings): FilterChain {
  const { routeName } = plan;
  return create(FilterChainSchema, {
    filterChainMatch: { ...plaintextHttp, ...addressMatch(addresses) },
    filters: [httpFilter(outboundHttp({ statPrefix: `outbound_${plan.name}`, routeName }, settings))],
  });
}

/** What is not HTTP on a port that services declare as HTTP goes where the client wanted, as far as it is let out. */
function passthroughChain(settings: MeshSettings): FilterChain {
  return create(FilterChainSchema, {
    name: 'PassthroughFilterChain',
    filters: [tcpProxy(unknownDestination(settings), settings)],
  });
}

/** The listener of captured outbound connections, 15001. It hands them on and itself takes those to unknown addresses. */
export function virtualOutbound(settings: MeshSettings, families: IpFamilies): Listener {
  const [first, ...others] = wildcards(families);
  return create(ListenerSchema, {
    name: 'virtualOutbound',
    address: socketAddress(first, ports.outbound),
    additionalAddresses: others.map((address) => ({ address: socketAddress(address, ports.outbound) })),
    useOriginalDst: true,
    trafficDirection: TrafficDirection.OUTBOUND,
    accessLog: listenerAccessLogs(settings.accessLog),
    filterChains: [
      {
        name: 'virtualOutbound-blackhole',
        // A connection made to the listener's own port would be handed to itself for ever.
        filterChainMatch: { destinationPort: ports.outbound },
        filters: [tcpProxy(blackHoleCluster, settings)],
      },
      {
        name: 'virtualOutbound-catchall-tcp',
        filters: [tcpProxy(unknownDestination(settings), settings)],
      },
    ],
  });
}

function unknownDestination(settings: Pick<MeshSettings, 'outboundTrafficPolicy'>): string {
  return settings.outboundTrafficPolicy === 'ALLOW_ANY' ? passthroughCluster : blackHoleCluster;
}
