import type { ConsistentHash, LoadBalancerSettings } from '../../crds/load-balancer.ts';
import { isHeaderName } from '../syntax/header-syntax.ts';
import { checkDuration } from './fields.ts';
import { checkLocality } from './locality.ts';
import type { Problems } from './problem.ts';
import { error, warning } from './problem.ts';

/** Envoy's largest table (Envoy API, MaglevLbConfig.table_size). */
const largestMaglevTable = 5_000_011;
const hashSources = ['httpHeaderName', 'httpCookie', 'useSourceIp', 'httpQueryParameterName'] as const;

export function* checkLoadBalancer(
  settings: LoadBalancerSettings | undefined,
  path: string,
  hasOutlierDetection: boolean,
): Problems {
  if (settings === undefined) return;
  const { simple, consistentHash, warmup, warmupDurationSecs } = settings;
  if (simple !== undefined && consistentHash !== undefined) {
    yield error(path, 'must not have both simple and consistentHash');
  }
  yield* checkConsistentHash(consistentHash, `${path}.consistentHash`);
  yield* checkLocality(settings.localityLbSetting, `${path}.localityLbSetting`, hasOutlierDetection);
  yield* checkDuration(warmup?.duration, `${path}.warmup.duration`);
  yield* checkDuration(warmupDurationSecs, `${path}.warmupDurationSecs`);
  const aggression = warmup?.aggression ?? 1;
  if (aggression < 1) yield error(`${path}.warmup.aggression`, `must be 1 or more, is ${aggression}`);
  if (warmupDurationSecs !== undefined) yield warning(`${path}.warmupDurationSecs`, 'is deprecated; use warmup');
}

function* checkConsistentHash(hash: ConsistentHash | undefined, path: string): Problems {
  if (hash === undefined) return;
  const { httpHeaderName, httpCookie, ringHash, maglev, minimumRingSize = 0 } = hash;
  const sources = hashSources.filter((source) => hash[source] !== undefined);
  if (sources.length === 0) yield error(path, `must have one of ${hashSources.join(', ')}`);
  if (sources.length > 1) yield error(path, `must have one of ${sources.join(' and ')}, not all of them`);
  if (httpHeaderName !== undefined && !isHeaderName(httpHeaderName)) {
    yield error(`${path}.httpHeaderName`, `"${httpHeaderName}" is no name of a header`);
  }
  if (httpCookie?.name === '') yield error(`${path}.httpCookie.name`, 'must not be empty');
  yield* checkDuration(httpCookie?.ttl, `${path}.httpCookie.ttl`, 0);
  if (ringHash !== undefined && maglev !== undefined) yield error(path, 'must not have both ringHash and maglev');
  if (minimumRingSize !== 0) {
    yield warning(`${path}.minimumRingSize`, 'is deprecated; use ringHash.minimumRingSize');
    if (ringHash !== undefined || maglev !== undefined) {
      yield error(`${path}.minimumRingSize`, 'must not be there together with ringHash or maglev');
    }
  }
  yield* checkMaglevTable(maglev?.tableSize, `${path}.maglev.tableSize`);
}

function* checkMaglevTable(size: number | undefined, path: string): Problems {
  if (size === undefined) return;
  if (size > largestMaglevTable) yield error(path, `must be ${largestMaglevTable} at most, is ${size}`);
  else if (!isPrime(size)) yield error(path, `must be a prime number, is ${size}`);
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let factor = 2; factor * factor <= number; factor++) if (number % factor === 0) return false;
  return true;
}
