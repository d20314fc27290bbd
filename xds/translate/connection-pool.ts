import type { Fields } from '../envoy/fields.ts';
import type { ConnectionPoolSettings, RetryBudget, TcpSettings } from '../../crds/destination-rule.ts';
import type { CircuitBreakersSchema } from '../envoy/gen/envoy/config/cluster/v3/circuit_breaker_pb.js';
import type { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { milliseconds, parseOptional } from './duration.ts';

type ConnectionPoolInit = Pick<
  Fields<typeof ClusterSchema>,
  'circuitBreakers' | 'connectTimeout' | 'upstreamConnectionOptions'
>;

/** "As many as there may be": Envoy's own limits (1024, 3 retries) are too low to be right for every service. */
const unlimited = 0xffff_ffff;

/** Limits of the connections and requests towards the endpoints, and how connections are made. */
export function connectionPool(
  pool: ConnectionPoolSettings | undefined,
  settings: Pick<MeshSettings, 'connectTimeoutMs'>,
  budget?: RetryBudget,
): ConnectionPoolInit {
  const keepalive = tcpKeepalive(pool?.tcp);
  return {
    connectTimeout: parseOptional(pool?.tcp?.connectTimeout) ?? milliseconds(settings.connectTimeoutMs),
    circuitBreakers: circuitBreakers(pool, budget),
    ...(keepalive === undefined ? {} : { upstreamConnectionOptions: { tcpKeepalive: keepalive } }),
  };
}

/** The circuit breakers of a cluster without a word from the user: none. */
export function circuitBreakers(
  pool?: ConnectionPoolSettings,
  budget?: RetryBudget,
): Fields<typeof CircuitBreakersSchema> {
  return {
    thresholds: [
      {
        maxConnections: limit(pool?.tcp?.maxConnections),
        maxPendingRequests: limit(pool?.http?.http1MaxPendingRequests),
        maxRequests: limit(pool?.http?.http2MaxRequests),
        maxRetries: limit(pool?.http?.maxRetries),
        trackRemaining: true,
        ...(budget === undefined ? {} : { retryBudget: retryBudget(budget) }),
      },
    ],
  };
}

function limit(value: number | undefined): number {
  return value === undefined || value <= 0 ? unlimited : value;
}

function retryBudget(budget: RetryBudget) {
  return {
    ...(budget.percent == null ? {} : { budgetPercent: { value: budget.percent } }),
    ...(budget.minRetryConcurrency === undefined ? {} : { minRetryConcurrency: budget.minRetryConcurrency }),
  };
}

/** Seconds, rounded up: the kernel takes no less than one. */
function tcpKeepalive(tcp: TcpSettings | undefined) {
  const keepalive = tcp?.tcpKeepalive;
  if (keepalive === undefined) return undefined;
  const time = wholeSeconds(keepalive.time);
  const interval = wholeSeconds(keepalive.interval);
  return {
    ...(keepalive.probes === undefined || keepalive.probes === 0 ? {} : { keepaliveProbes: keepalive.probes }),
    ...(time === undefined ? {} : { keepaliveTime: time }),
    ...(interval === undefined ? {} : { keepaliveInterval: interval }),
  };
}

function wholeSeconds(text: string | undefined): number | undefined {
  const duration = parseOptional(text);
  if (duration === undefined) return undefined;
  return Number(duration.seconds) + (duration.nanos > 0 ? 1 : 0);
}
