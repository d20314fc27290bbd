import type { Dashboard } from '../dashboard.ts';
import { rate } from './queries.ts';

/** Series of Envoy carry the labels that Prometheus gives to targets; `pod` and `namespace` are the operator's. */
export const proxiesDashboard: Dashboard = {
  name: 'proxies',
  title: 'Meltemi / Sidecars',
  description: 'Envoy in every pod with a sidecar; needs a Prometheus that scrapes it (metrics.podMonitors.proxies).',
  panels: [
    {
      title: 'Sidecars',
      description: 'That serve.',
      show: 'number',
      unit: 'short',
      queries: [{ expr: 'sum(envoy_server_live)', legend: 'serve' }],
    },
    {
      title: 'Without control plane',
      description: 'Sidecars with no connection to istiod at the moment.',
      show: 'number',
      unit: 'short',
      queries: [
        {
          expr: 'count(envoy_cluster_upstream_cx_active{cluster_name="xds-grpc"} == 0) or vector(0)',
          legend: 'disconnected',
        },
      ],
    },
    {
      title: 'Requests',
      description: 'A second, to all pods with a sidecar.',
      show: 'number',
      unit: 'reqps',
      queries: [{ expr: `sum(${rate('envoy_http_downstream_rq_total')})`, legend: 'requests' }],
    },
    {
      title: 'Failed',
      description: 'Share of requests that were answered with 5xx.',
      show: 'number',
      unit: 'percentunit',
      queries: [
        {
          expr: `sum(${rate('envoy_http_downstream_rq{response_code_class="5xx"}')}) / sum(${rate('envoy_http_downstream_rq')})`,
          legend: 'failed',
        },
      ],
    },
    {
      title: 'Requests by namespace',
      description: 'That came in, by namespace of the pod and class of the answer.',
      show: 'graph',
      unit: 'reqps',
      queries: [
        {
          expr: `sum by (namespace, response_code_class) (${rate('envoy_http_downstream_rq')})`,
          legend: '{{namespace}} {{response_code_class}}',
        },
      ],
    },
    {
      title: 'Duration of requests',
      description: 'That came in: the median and the slowest hundredth.',
      show: 'graph',
      unit: 'ms',
      queries: [0.5, 0.99].map((quantile) => ({
        expr: `histogram_quantile(${quantile}, sum by (le) (${rate('envoy_http_downstream_rq_time_bucket')}))`,
        legend: `p${quantile * 100}`,
      })),
    },
    {
      title: 'Circuit breakers',
      description: 'Requests and connections that were refused since a limit of a DestinationRule was reached.',
      show: 'graph',
      unit: 'ops',
      queries: [
        {
          expr: `sum by (cluster_name) (${rate('envoy_cluster_upstream_rq_pending_overflow')})`,
          legend: '{{cluster_name}} requests',
        },
        {
          expr: `sum by (cluster_name) (${rate('envoy_cluster_upstream_cx_overflow')})`,
          legend: '{{cluster_name}} connections',
        },
      ],
    },
    {
      title: 'Ejected endpoints',
      description: 'Endpoints that outlier detection keeps out.',
      show: 'graph',
      unit: 'short',
      queries: [
        {
          expr: 'sum by (cluster_name) (envoy_cluster_outlier_detection_ejections_active) > 0',
          legend: '{{cluster_name}}',
        },
      ],
    },
    {
      title: 'TLS',
      description: 'Connections that failed, and certificates that were not the expected ones.',
      show: 'graph',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('envoy_cluster_ssl_connection_error')})`, legend: 'failed' },
        { expr: `sum(${rate('envoy_cluster_ssl_fail_verify_san')})`, legend: 'unexpected identity' },
        { expr: `sum(${rate('envoy_cluster_ssl_fail_verify_error')})`, legend: 'not trusted' },
      ],
    },
    {
      title: 'Configuration that was rejected',
      description: 'By Envoy. Each one is a fault: see istiod’s log.',
      show: 'graph',
      unit: 'ops',
      queries: [
        { expr: `sum(${rate('envoy_listener_manager_lds_update_rejected')})`, legend: 'listeners' },
        { expr: `sum(${rate('envoy_cluster_manager_cds_update_rejected')})`, legend: 'clusters' },
      ],
    },
    {
      title: 'Memory',
      description: 'Of Envoy, in the sidecars that need most.',
      show: 'graph',
      unit: 'bytes',
      queries: [{ expr: 'topk(10, envoy_server_memory_allocated)', legend: '{{namespace}} {{pod}}' }],
    },
    {
      title: 'Connections to istiod that failed',
      description: 'Could not be made, or not in time.',
      show: 'graph',
      unit: 'ops',
      queries: [
        {
          expr: `sum(${rate('envoy_cluster_upstream_cx_connect_fail{cluster_name="xds-grpc"}')})`,
          legend: 'failed',
        },
        {
          expr: `sum(${rate('envoy_cluster_upstream_cx_connect_timeout{cluster_name="xds-grpc"}')})`,
          legend: 'timed out',
        },
      ],
    },
  ],
};
