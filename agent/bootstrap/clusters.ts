import { ports } from '../../lib/ports.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { hostOf } from '../certificate/authority-client.ts';

/** Name of the static cluster that leads to istiod. */
export const xdsCluster = 'xds-grpc';

const http2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    explicit_http_config: {
      http2_protocol_options: {
        // A dead control plane is noticed within a minute, also where the network swallows packets.
        connection_keepalive: { interval: '30s', timeout: '10s' },
      },
    },
  },
};

/** Nothing that the mesh needs itself may be held back by a circuit breaker. */
const unlimited = {
  thresholds: ['DEFAULT', 'HIGH'].map((priority) => ({
    priority,
    max_connections: 100_000,
    max_pending_requests: 100_000,
    max_requests: 100_000,
  })),
};

/** The clusters that Envoy has before it has asked istiod for any. */
export function staticClusters(options: {
  readonly discoveryAddress: string;
  readonly family: 4 | 6;
  readonly sdsSocket: string;
}): readonly unknown[] {
  return [
    { ...local('prometheus_stats', ports.admin, 4), connect_timeout: '0.250s' },
    { ...local('agent', ports.agentStatus, 4), connect_timeout: '0.250s' },
    sdsCluster(options.sdsSocket),
    controlPlaneCluster(options.discoveryAddress, options.family),
  ];
}

function local(name: string, port: number, family: 4 | 6): Readonly<Record<string, unknown>> {
  return {
    name,
    type: 'STATIC',
    load_assignment: assignment(name, socketAddress(family === 4 ? '127.0.0.1' : '::1', port)),
  };
}

function sdsCluster(path: string): unknown {
  return {
    name: sidecar.sdsCluster,
    type: 'STATIC',
    connect_timeout: '1s',
    typed_extension_protocol_options: http2,
    load_assignment: assignment(sidecar.sdsCluster, { pipe: { path } }),
  };
}

function controlPlaneCluster(address: string, family: 4 | 6): unknown {
  const host = hostOf(address);
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  return {
    name: xdsCluster,
    type: 'STRICT_DNS',
    dns_refresh_rate: '60s',
    respect_dns_ttl: true,
    // AUTO prefers IPv6.
    dns_lookup_family: family === 4 ? 'V4_PREFERRED' : 'AUTO',
    connect_timeout: '1s',
    typed_extension_protocol_options: http2,
    circuit_breakers: unlimited,
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 300 } },
    load_assignment: assignment(xdsCluster, socketAddress(host, port)),
    transport_socket: controlPlaneTls(host),
  };
}

/** Mutual TLS to istiod: our certificate, and its name checked against the roots of the mesh. */
function controlPlaneTls(host: string): unknown {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext',
      sni: host,
      common_tls_context: {
        alpn_protocols: ['h2'],
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        tls_certificate_sds_secret_configs: [secret(sidecar.secrets.workload)],
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: sanType(host), matcher: { exact: host } }],
          },
          validation_context_sds_secret_config: secret(sidecar.secrets.roots),
        },
      },
    },
  };
}

function sanType(host: string): 'DNS' | 'IP_ADDRESS' {
  return /^[\d.]+$|:/.test(host) ? 'IP_ADDRESS' : 'DNS';
}

/** `SdsSecretConfig` of a secret that the agent serves; without a time limit, since nothing works before it is there. */
function secret(name: string): unknown {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      initial_fetch_timeout: '0s',
      api_config_source: {
        api_type: 'GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: sidecar.sdsCluster } }],
      },
    },
  };
}

function assignment(cluster_name: string, address: unknown): unknown {
  return { cluster_name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

export function socketAddress(address: string, port_value: number): unknown {
  return { socket_address: { address, port_value } };
}
