import { create } from '@bufbuild/protobuf';
import { STATUS_CODES } from 'node:http';
import type { HttpRetry } from '../../crds/virtual-service.ts';
import { typedConfig } from '../envoy/any.ts';
import type {
  RetryPolicy,
  RetryPolicy_RetryHostPredicate,
  RetryPolicy_RetryPriority,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import {
  RetryPolicy_RetryHostPredicateSchema,
  RetryPolicy_RetryPrioritySchema,
  RetryPolicySchema,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { PreviousHostsPredicateSchema } from '../envoy/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '../envoy/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import type { Report } from '../model/problem.ts';
import { isZero, parseDuration } from './duration.ts';

/** Istio's default: two more tries, each at a host not tried before, for requests that the server did not begin with. */
const defaults = {
  attempts: 2,
  retryOn: 'connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes',
  statusCodes: [503],
  hostSelectionAttempts: 5n,
} as const;

/**
 * Translates how failed requests are tried again; undefined rules give Istio's defaults, `attempts: 0` (or left out)
 * turns retries off. With consistent hashing a retry stays with its host unless the rule says otherwise.
 */
export function translateRetries(
  retries: HttpRetry | undefined,
  consistentHash: boolean,
  report: Report,
): RetryPolicy | undefined {
  if (retries === undefined) return retryPolicy(defaults.attempts, defaults, !consistentHash);
  const attempts = retries.attempts ?? 0;
  if (attempts <= 0) return undefined;
  const conditions = retries.retryOn ? parseRetryOn(retries.retryOn) : defaults;
  const policy = retryPolicy(attempts, conditions, retries.retryIgnorePreviousHosts ?? !consistentHash);
  const perTryTimeout = positiveDuration(retries.perTryTimeout, 'perTryTimeout', report);
  if (perTryTimeout !== undefined) policy.perTryTimeout = perTryTimeout;
  const baseInterval = positiveDuration(retries.backoff, 'backoff', report);
  if (baseInterval !== undefined) {
    policy.retryBackOff = create(RetryPolicySchema, { retryBackOff: { baseInterval } }).retryBackOff;
  }
  if (retries.retryRemoteLocalities === true) policy.retryPriority = otherLocalities;
  return policy;
}

interface RetryConditions {
  readonly retryOn: string;
  readonly statusCodes: readonly number[];
}

function retryPolicy(attempts: number, { retryOn, statusCodes }: RetryConditions, otherHosts: boolean): RetryPolicy {
  return create(RetryPolicySchema, {
    numRetries: attempts,
    retryOn,
    retriableStatusCodes: [...statusCodes],
    hostSelectionRetryMaxAttempts: defaults.hostSelectionAttempts,
    retryHostPredicate: otherHosts ? [hostsNotTried] : [],
  });
}

/** Status codes may stand among Envoy's conditions; they become a condition of their own. */
function parseRetryOn(text: string): RetryConditions {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const statusCodes = parts.filter((part) => Object.hasOwn(STATUS_CODES, part)).map(Number);
  const conditions = parts.filter((part) => !Object.hasOwn(STATUS_CODES, part));
  const byStatus = 'retriable-status-codes';
  if (statusCodes.length > 0 && !conditions.includes(byStatus)) conditions.push(byStatus);
  return { retryOn: conditions.join(','), statusCodes };
}

function positiveDuration(text: string | undefined, path: string, report: Report) {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  if (duration !== undefined && !isZero(duration)) return duration;
  report(path, `"${text}" is no duration above zero such as 250ms or 2s; it is left out`);
  return undefined;
}

/** Made once: every route of the mesh may hold it. */
const hostsNotTried: RetryPolicy_RetryHostPredicate = create(RetryPolicy_RetryHostPredicateSchema, {
  name: 'envoy.retry_host_predicates.previous_hosts',
  configType: { case: 'typedConfig', value: typedConfig(PreviousHostsPredicateSchema, {}) },
});

/** After two tries in one priority (which stands for a locality) the next one is used. */
const otherLocalities: RetryPolicy_RetryPriority = create(RetryPolicy_RetryPrioritySchema, {
  name: 'envoy.retry_priorities.previous_priorities',
  configType: { case: 'typedConfig', value: typedConfig(PreviousPrioritiesConfigSchema, { updateFrequency: 2 }) },
});
