import type { Fields } from '../envoy/fields.ts';
import type { ConsistentHash, LoadBalancerSettings } from '../../crds/destination-rule.ts';
import type { Cluster_SlowStartConfigSchema, ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { Cluster_LbPolicy } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { parseOptional } from './duration.ts';
import { clamp, isPrime, percentage } from './limits.ts';

type LoadBalancerInit = Pick<Fields<typeof ClusterSchema>, 'lbPolicy' | 'lbConfig'>;
type SlowStartInit = Fields<typeof Cluster_SlowStartConfigSchema>;

/** Istio's defaults of a warm-up: linear, from a tenth of the traffic. */
const warmupDefaults = { aggression: 1, minimumPercent: 10 };
/** The ring's size where nobody says, Envoy's own default. */
const minimumRingSize = 1024;
/** The most that Envoy takes; a Maglev table that is larger, or not prime, has Envoy's own size instead. */
const largestRing = 8 * 1024 * 1024;
const largestTable = 5_000_011;

/** The load balancing policy of a cluster; least requests where nobody says (Istio's default). */
export function loadBalancer(settings: LoadBalancerSettings | undefined): LoadBalancerInit {
  if (settings?.consistentHash !== undefined) return consistentHash(settings.consistentHash);
  const slowStartConfig = slowStart(settings);
  const warming = slowStartConfig === undefined ? {} : { slowStartConfig };
  switch (settings?.simple) {
    case 'RANDOM':
      return { lbPolicy: Cluster_LbPolicy.RANDOM };
    case 'PASSTHROUGH':
      return { lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED };
    case 'ROUND_ROBIN':
      return {
        lbPolicy: Cluster_LbPolicy.ROUND_ROBIN,
        ...(slowStartConfig === undefined ? {} : { lbConfig: { case: 'roundRobinLbConfig', value: warming } }),
      };
    case 'UNSPECIFIED':
    case 'LEAST_CONN':
    case 'LEAST_REQUEST':
    case undefined:
      return {
        lbPolicy: Cluster_LbPolicy.LEAST_REQUEST,
        ...(slowStartConfig === undefined ? {} : { lbConfig: { case: 'leastRequestLbConfig', value: warming } }),
      };
  }
}

function consistentHash(settings: ConsistentHash): LoadBalancerInit {
  if (settings.maglev !== undefined) {
    const { tableSize = 0 } = settings.maglev;
    const usable = tableSize <= largestTable && isPrime(tableSize);
    return {
      lbPolicy: Cluster_LbPolicy.MAGLEV,
      lbConfig: { case: 'maglevLbConfig', value: usable ? { tableSize: BigInt(tableSize) } : {} },
    };
  }
  // An explicit 0 means Envoy's default as well.
  const size = settings.ringHash?.minimumRingSize || settings.minimumRingSize || minimumRingSize;
  return {
    lbPolicy: Cluster_LbPolicy.RING_HASH,
    lbConfig: { case: 'ringHashLbConfig', value: { minimumRingSize: BigInt(clamp(size, 1, largestRing)) } },
  };
}

function slowStart(settings: LoadBalancerSettings | undefined): SlowStartInit | undefined {
  const slowStartWindow = parseOptional(settings?.warmup?.duration ?? settings?.warmupDurationSecs);
  if (slowStartWindow === undefined) return undefined;
  return {
    slowStartWindow,
    aggression: {
      defaultValue: settings?.warmup?.aggression || warmupDefaults.aggression,
      // Envoy wants a name for the value though no runtime layer sets it.
      runtimeKey: 'slow_start_aggression',
    },
    minWeightPercent: { value: percentage(settings?.warmup?.minimumPercent ?? warmupDefaults.minimumPercent) },
  };
}
