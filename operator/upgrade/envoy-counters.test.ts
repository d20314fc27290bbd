import { describe, expect, it } from 'vitest';
import { parseEnvoyCounters, sumOf } from './envoy-counters.ts';

const page = `# TYPE envoy_http_downstream_rq counter
envoy_http_downstream_rq{response_code_class="1xx",http_conn_manager_prefix="inbound_0.0.0.0_8080"} 0
envoy_http_downstream_rq{response_code_class="2xx",http_conn_manager_prefix="inbound_0.0.0.0_8080"} 90
envoy_http_downstream_rq{response_code_class="5xx",http_conn_manager_prefix="inbound_0.0.0.0_8080"} 10
envoy_http_downstream_rq{response_code_class="5xx",http_conn_manager_prefix="inbound_0.0.0.0_9090"} 1
envoy_http_downstream_rq_total{http_conn_manager_prefix="inbound_0.0.0.0_8080"} 100
# TYPE envoy_http_downstream_rq_time histogram
envoy_http_downstream_rq_time_bucket{http_conn_manager_prefix="inbound_0.0.0.0_8080",le="0.5"} 0
envoy_http_downstream_rq_time_bucket{http_conn_manager_prefix="inbound_0.0.0.0_8080",le="1"} 60
envoy_http_downstream_rq_time_bucket{http_conn_manager_prefix="inbound_0.0.0.0_9090",le="1"} 1
envoy_http_downstream_rq_time_bucket{http_conn_manager_prefix="inbound_0.0.0.0_8080",le="+Inf"} 100
envoy_http_downstream_rq_time_sum{http_conn_manager_prefix="inbound_0.0.0.0_8080"} 412.5
envoy_cluster_manager_cds_update_rejected{} 2
envoy_listener_manager_lds_update_rejected{} 1
`;

describe("the counters of a sidecar's Envoy", () => {
  it('are summed over its listeners', () => {
    expect(parseEnvoyCounters(page)).toEqual({
      requests: 101,
      failures: 11,
      rejections: 3,
      latency: [
        { atMostMs: 0.5, count: 0 },
        { atMostMs: 1, count: 61 },
        { atMostMs: Infinity, count: 100 },
      ],
    });
  });

  it('are nothing on an empty page, or one of something else', () => {
    for (const other of ['', '<html></html>', 'envoy_http_downstream_rq{response_code_class="5xx"} nonsense']) {
      expect(parseEnvoyCounters(other)).toEqual({ requests: 0, failures: 0, latency: [], rejections: 0 });
    }
  });
});

describe('a metric', () => {
  it('is the sum of its series', () => {
    const text = 'pilot_total_xds_rejects{type="cds"} 1\npilot_total_xds_rejects{type="lds"} 2\npilot_total_xds 7\n';
    expect(sumOf(text, 'pilot_total_xds_rejects')).toBe(3);
    expect(sumOf('', 'pilot_total_xds_rejects')).toBe(0);
  });
});
