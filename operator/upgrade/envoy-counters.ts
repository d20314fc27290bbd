import type { Bucket, Traffic } from './readings.ts';

/** What one sidecar's `/stats/prometheus` tells. */
export interface EnvoyCounters extends Traffic {
  /** Updates of listeners and clusters that it rejected. */
  readonly rejections: number;
}

/** What of the page is wanted (Envoy's administration, `/stats/prometheus`): a regular expression on names of statistics. */
export const countersPath = '/stats/prometheus?usedonly&filter=downstream_rq|update_rejected';

/**
 * Reads the page (Prometheus' text format). Which of Envoy's statistics there are is the bootstrap's choice
 * (`agent/bootstrap/stats.ts`): of HTTP, those of the inbound side, so that each request counts once in the mesh.
 */
export function parseEnvoyCounters(page: string): EnvoyCounters {
  let requests = 0;
  let failures = 0;
  let rejections = 0;
  const buckets = new Map<number, number>();
  for (const { name, labels, value } of samples(page)) {
    if (name === 'envoy_http_downstream_rq') {
      const [, responseClass = ''] = /response_code_class="([^"]*)"/.exec(labels) ?? [];
      if (!/^\dxx$/.test(responseClass)) continue;
      requests += value;
      if (responseClass === '5xx') failures += value;
    } else if (name === 'envoy_http_downstream_rq_time_bucket') {
      const [, bound = ''] = /\ble="([^"]*)"/.exec(labels) ?? [];
      const atMostMs = bound === '+Inf' ? Infinity : Number(bound);
      if (!Number.isNaN(atMostMs)) buckets.set(atMostMs, (buckets.get(atMostMs) ?? 0) + value);
    } else if (rejectionNames.includes(name)) {
      rejections += value;
    }
  }
  return { requests, failures, latency: sorted(buckets), rejections };
}

const rejectionNames: readonly string[] = [
  'envoy_cluster_manager_cds_update_rejected',
  'envoy_listener_manager_lds_update_rejected',
];

function sorted(buckets: ReadonlyMap<number, number>): readonly Bucket[] {
  return [...buckets].map(([atMostMs, count]) => ({ atMostMs, count })).sort((a, b) => a.atMostMs - b.atMostMs);
}

/** The sum of all series of a metric; 0 when there is none. */
export function sumOf(page: string, metric: string): number {
  let sum = 0;
  for (const { name, value } of samples(page)) if (name === metric) sum += value;
  return sum;
}

interface Sample {
  readonly name: string;
  readonly labels: string;
  readonly value: number;
}

function* samples(page: string): Generator<Sample> {
  for (const line of page.split('\n')) {
    const [, name, labels = '', text] = /^([A-Za-z_:][\w:]*)(\{.*\})? ([^ ]+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const value = Number(text);
    if (Number.isFinite(value)) yield { name, labels, value };
  }
}
