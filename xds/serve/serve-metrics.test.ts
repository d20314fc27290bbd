import { describe, expect, it } from 'vitest';
import { createRegistry, renderMetrics } from '../../lib/metrics.ts';
import { ServeMetrics } from './serve-metrics.ts';

function measure() {
  const registry = createRegistry({ processMetrics: false });
  const text = async () => (await renderMetrics(registry)).body.split('\n');
  return { metrics: new ServeMetrics(registry), registry, text };
}

describe('metrics of serving', () => {
  it('count the proxies of each version, and forget a version that nobody has', async () => {
    const { metrics, text } = measure();
    metrics.connected('1.2.3');
    metrics.connected('1.2.3');
    metrics.connected('1.3.0');
    metrics.disconnected('1.3.0');
    metrics.disconnected('1.2.3');
    expect((await text()).filter((line) => line.startsWith('pilot_xds{'))).toEqual(['pilot_xds{version="1.2.3"} 1']);
  });

  it("have Istio's names and labels", async () => {
    const { metrics, text } = measure();
    metrics.sent('cluster', 2_000);
    metrics.rejected('route');
    metrics.converged(0.015);
    metrics.dequeued(0.001);
    metrics.debounced(0.002);
    metrics.pushed('listener', 0.003);
    metrics.flushed(0.004);
    metrics.triggered('endpoint', 7);
    metrics.updated('svcdelete');
    metrics.failed();
    metrics.writeTimedOut();
    metrics.received(900);
    metrics.received(100);
    const lines = await text();
    for (const line of [
      'pilot_xds_pushes{type="cds"} 1',
      'pilot_xds_config_size_bytes_sum{type="type.googleapis.com/envoy.config.cluster.v3.Cluster"} 2000',
      'pilot_total_xds_rejects{type="rds"} 1',
      'pilot_proxy_convergence_time_sum 0.015',
      'pilot_proxy_queue_time_sum 0.001',
      'pilot_debounce_time_sum 0.002',
      'pilot_xds_push_time_sum{type="lds"} 0.003',
      'pilot_xds_send_time_sum 0.004',
      'pilot_push_triggers{type="endpoint"} 7',
      'pilot_inbound_updates{type="svcdelete"} 1',
      'pilot_total_xds_internal_errors 1',
      'pilot_xds_write_timeout 1',
      'pilot_xds_recv_max 900',
    ]) {
      expect(lines).toContain(line);
    }
  });

  it('are one for all servers of a replica', () => {
    const { registry } = measure();
    expect(() => new ServeMetrics(registry)).not.toThrow();
  });
});
