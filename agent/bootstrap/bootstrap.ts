import { isIPv6 } from 'node:net';
import { ports } from '../../lib/ports.ts';
import type { AgentSettings } from '../settings.ts';
import { socketAddress, staticClusters, xdsCluster } from './clusters.ts';
import { staticListeners } from './listeners.ts';
import { sidecarNode } from './node.ts';
import { statsConfig } from './stats.ts';

/** No limit that anybody reaches: stated, because Envoy warns at each start that it has none. */
const maxDownstreamConnections = 2_147_483_647;

/** Envoy's bootstrap (`envoy.config.bootstrap.v3.Bootstrap`, as JSON): everything else comes from istiod over delta ADS. */
export function bootstrap(
  settings: AgentSettings,
  labels: Readonly<Record<string, string>>,
  sdsSocket: string,
): Readonly<Record<string, unknown>> {
  const family = isIPv6(settings.podIps[0] ?? '') ? 6 : 4;
  return {
    node: sidecarNode(settings, labels),
    admin: { address: socketAddress('127.0.0.1', ports.admin), profile_path: '/dev/null' },
    stats_config: statsConfig(),
    layered_runtime: layeredRuntime(),
    overload_manager: overloadManager(),
    dynamic_resources: {
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        set_node_on_first_message_only: true,
        grpc_services: [{ envoy_grpc: { cluster_name: xdsCluster } }],
      },
      cds_config: overAds(),
      lds_config: overAds(),
    },
    static_resources: {
      listeners: staticListeners(family),
      clusters: staticClusters({ discoveryAddress: settings.discoveryAddress, family, sdsSocket }),
    },
  };
}

/** Without a time limit: a sidecar that has no configuration yet must not begin to serve. */
function overAds(): unknown {
  return { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
}

function layeredRuntime(): unknown {
  return {
    layers: [
      {
        name: 'static',
        static_layer: {
          're2.max_program_size.error_level': 32_768,
        },
      },
      { name: 'admin', admin_layer: {} },
    ],
  };
}

function overloadManager(): unknown {
  return {
    resource_monitors: [
      {
        name: 'envoy.resource_monitors.global_downstream_max_connections',
        typed_config: {
          '@type':
            'type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig',
          max_active_downstream_connections: maxDownstreamConnections,
        },
      },
    ],
  };
}
