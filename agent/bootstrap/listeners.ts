import { ports } from '../../lib/ports.ts';
import { socketAddress } from './clusters.ts';

/** What Envoy serves before istiod has told it anything: its metrics, and the kubelet's question whether it is ready. */
export function staticListeners(family: 4 | 6): readonly unknown[] {
  return [
    listener({
      port: ports.envoyPrometheus,
      statPrefix: 'stats',
      path: '/stats/prometheus',
      cluster: 'prometheus_stats',
      family,
    }),
    listener({ port: ports.health, statPrefix: 'agent', path: '/healthz/ready', cluster: 'agent', family }),
  ];
}

interface Forward {
  readonly port: number;
  readonly statPrefix: string;
  /** Prefix of the only path that is let through. */
  readonly path: string;
  readonly cluster: string;
  readonly family: 4 | 6;
}

function listener({ port, statPrefix, path, cluster, family }: Forward): unknown {
  return {
    // Kept open while Envoy drains, and not counted among the connections that are waited for.
    ignore_global_conn_limit: true,
    bypass_overload_manager: true,
    address: socketAddress(family === 4 ? '0.0.0.0' : '::', port),
    filter_chains: [
      {
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: {
              '@type':
                'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
              codec_type: 'AUTO',
              stat_prefix: statPrefix,
              route_config: {
                virtual_hosts: [
                  { name: 'backend', domains: ['*'], routes: [{ match: { prefix: path }, route: { cluster } }] },
                ],
              },
              http_filters: [
                {
                  name: 'envoy.filters.http.router',
                  typed_config: {
                    '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
                  },
                },
              ],
            },
          },
        ],
      },
    ],
  };
}
