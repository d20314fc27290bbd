import { create } from '@bufbuild/protobuf';
import { ports } from '../../lib/ports.ts';
import { TrafficDirection } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { FilterChain } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import { FilterChainSchema } from '../envoy/gen/envoy/config/listener/v3/listener_components_pb.js';
import type { Listener } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { blackHoleCluster, outboundClusterName, passthroughCluster } from '../model/names.ts';
import { listenerAccessLogs } from './access-log.ts';
import type { IpFamilies } from './address.ts';
import { socketAddress, wildcards } from './address.ts';
import { alpnMatch } from './alpn.ts';
import { milliseconds, parseOptional } from './duration.ts';
import { outboundHttp } from './http-connection-manager.ts';
import { httpFilter, httpInspector, offerTcpAlpn, tcpProxy, tlsInspector } from './network-filter.ts';
import type { ListenerPlan, ServiceListenerPlan } from './outbound-plan.ts';

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
    ...(plan.kind === 'service' && plan.detection === 'tcp'
      ? { filterChains: [tcpChain(plan, settings)] }
      : {
          listenerFilters: [tlsInspector(), httpInspector()],
          listenerFiltersTimeout: milliseconds(settings.protocolDetectionTimeoutMs),
          continueOnListenerFiltersTimeout: true,
          filterChains: [httpChain(plan, settings)],
          defaultFilterChain: plan.kind === 'http' ? passthroughChain(settings) : tcpChain(plan, settings),
        }),
  });
}

function httpChain(plan: ListenerPlan, settings: MeshSettings): FilterChain {
  const { routeName } = plan;
  return create(FilterChainSchema, {
    filterChainMatch: plaintextHttp,
    filters: [httpFilter(outboundHttp({ statPrefix: `outbound_${plan.name}`, routeName }, settings))],
  });
}

function tcpChain(plan: ServiceListenerPlan, settings: MeshSettings): FilterChain {
  const { service, servicePort, trafficPolicy } = plan;
  const cluster = outboundClusterName(servicePort.port, '', service.hostname);
  const { idleTimeout, maxConnectionDuration } = trafficPolicy?.connectionPool?.tcp ?? {};
  const bySource = trafficPolicy?.loadBalancer?.consistentHash?.useSourceIp === true;
  const proxy = tcpProxy(cluster, settings, {
    idleTimeout: parseOptional(idleTimeout),
    maxDownstreamConnectionDuration: parseOptional(maxConnectionDuration),
    ...(bySource ? { hashPolicy: [{ policySpecifier: { case: 'sourceIp', value: {} } }] } : {}),
  });
  const meshTls = trafficPolicy?.tls === undefined || trafficPolicy.tls.mode === 'ISTIO_MUTUAL';
  return create(FilterChainSchema, {
    filters: plan.detection === 'auto' && meshTls ? [offerTcpAlpn(), proxy] : [proxy],
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
