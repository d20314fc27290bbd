/** What an upgrade measures, as plain data. */

export interface Readings {
  /** When they were taken: all measuring began after it. */
  readonly time: Date;
  /** The `istio.io/rev` that they are about. */
  readonly revision: string;
  /** Sidecars of the new istiod; undefined when it could not be asked. */
  readonly proxies: { readonly connected: number; readonly synced: number } | undefined;
  /** Responses that sidecars rejected; undefined when nobody could be asked. */
  readonly rejections: Rejections | undefined;
  /** Containers of moved pods that keep ending; undefined when pods could not be listed. */
  readonly crashLoops: readonly CrashLoop[] | undefined;
  /** By place of the workload (`placeOf`); one that is missing was not asked. */
  readonly traffic: ReadonlyMap<string, WorkloadTraffic>;
}

export interface Rejections {
  /** `pilot_total_xds_rejects` of all replicas of the new istiod. */
  readonly total: number;
  /** Moved pods whose own counters tell of a rejection: `namespace/name`. */
  readonly pods: readonly string[];
}

export interface CrashLoop {
  /** `placeOf` the workload. */
  readonly place: string;
  /** A sentence that names pod and container, with the kubelet's words. */
  readonly message: string;
}

/** What sidecars of a workload's pods have counted on their inbound side since they started. */
export interface WorkloadTraffic {
  /** Of the sidecars of the new revision. */
  readonly moved: Traffic;
  /** Of the others. */
  readonly notMoved: Traffic;
  /** Pods whose sidecar did not answer. */
  readonly unreachable: number;
}

export interface Traffic {
  readonly requests: number;
  /** Answered with 5xx. */
  readonly failures: number;
  /** Cumulative counts of requests by upper bound in milliseconds, ascending (Prometheus, "Histograms"). */
  readonly latency: readonly Bucket[];
}

export interface Bucket {
  readonly atMostMs: number;
  readonly count: number;
}

export const noTraffic: Traffic = { requests: 0, failures: 0, latency: [] };

export function addTraffic(a: Traffic, b: Traffic): Traffic {
  return {
    requests: a.requests + b.requests,
    failures: a.failures + b.failures,
    latency: addBuckets(a.latency, b.latency),
  };
}

/** Sidecars have the same buckets, those of Envoy's default; a bound that one side lacks adds nothing there. */
function addBuckets(a: readonly Bucket[], b: readonly Bucket[]): readonly Bucket[] {
  const counts = new Map<number, number>();
  for (const { atMostMs, count } of [...a, ...b]) counts.set(atMostMs, (counts.get(atMostMs) ?? 0) + count);
  return [...counts].map(([atMostMs, count]) => ({ atMostMs, count })).sort((x, y) => x.atMostMs - y.atMostMs);
}

/**
 * The time in milliseconds within which the share `quantile` was answered, interpolated within a bucket as Prometheus'
 * `histogram_quantile` does; undefined without requests. What is beyond the last bound counts as that bound.
 */
export function quantileMs(buckets: readonly Bucket[], quantile: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const wanted = quantile * total;
  let below = { atMostMs: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= wanted) {
      if (!Number.isFinite(bucket.atMostMs)) return below.atMostMs;
      const within = bucket.count - below.count;
      const share = within === 0 ? 1 : (wanted - below.count) / within;
      return below.atMostMs + (bucket.atMostMs - below.atMostMs) * share;
    }
    below = bucket;
  }
  return below.atMostMs;
}
