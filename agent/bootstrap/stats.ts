/**
 * Which of Envoy's statistics exist. Each costs memory in every pod, and a mesh has hundreds of clusters, so that only
 * those are made that show the proxy's health and its connection to the control plane (as Istio's defaults), and those of
 * the inbound side, which are few.
 */
const inclusionPrefixes = ['cluster_manager', 'listener_manager', 'server.', 'http.inbound_', 'wasm', 'istio'];
const inclusionPatterns = [
  // The connection to the control plane.
  String.raw`^cluster\.xds-grpc\.(upstream_cx_(active|total|connect_fail|connect_timeout|destroy_remote)|update_failure|ssl\.handshake)$`,
  // What a shutdown waits for.
  String.raw`^listener\..*\.downstream_cx_active$`,
  // Circuit breakers and outlier detection of outbound clusters: without them nobody sees why requests fail.
  String.raw`^cluster\.outbound.*\.(upstream_rq_pending_overflow|upstream_cx_overflow|outlier_detection\.ejections_active|membership_healthy)$`,
  String.raw`^(http|tcp)\..*\.rbac\.(allowed|denied|shadow_allowed|shadow_denied)$`,
  String.raw`^.*jwt_authn\.(allowed|denied)$`,
  String.raw`^.*local_rate_limit.*$`,
  String.raw`^cluster\..*\.ssl\.(connection_error|fail_verify_san|fail_verify_error)$`,
];

/** Labels taken out of the names of statistics, so that a page has one metric with labels instead of thousands of names. */
const tags: readonly (readonly [name: string, regex: string])[] = [
  [
    'cluster_name',
    String.raw`^cluster\.((.+?(\..+?\.svc\.[^.]+\.[^.]+)?)\.)(?=(?:assignment|bind|circuit|client|default|ext|external|health|http|internal|lb|load|manager|max|membership|original|outlier|retry|ring|rq|ssl|subset|tls|update|upstream|version|warming))`,
  ],
  ['response_code', String.raw`_rq(_(\d{3}))$`],
  ['response_code_class', String.raw`_rq(_(\dxx))$`],
  [
    'http_conn_manager_prefix',
    String.raw`^http\.(((outbound_|inbound_)?([0-9.]{7,15}|\[[0-9a-fA-F:]+\])?[._]?\d{0,5})\.)`,
  ],
  ['listener_address', String.raw`^listener\.(((?:[_.[\]:0-9a-fA-F]*)_?\d{1,5})\.)`],
];

/** `stats_config` of the bootstrap. */
export function statsConfig(): unknown {
  return {
    use_all_default_tags: false,
    stats_tags: tags.map(([tag_name, regex]) => ({ tag_name, regex })),
    stats_matcher: {
      inclusion_list: {
        patterns: [
          ...inclusionPrefixes.map((prefix) => ({ prefix })),
          ...inclusionPatterns.map((regex) => ({ safe_regex: { regex } })),
        ],
      },
    },
  };
}
