import { STATUS_CODES } from 'node:http';
import type { HttpRetry } from '../../crds/http-policies.ts';
import { checkDuration, checkNotNegative } from './fields.ts';
import type { Problems } from './problem.ts';
import { each, error } from './problem.ts';

/** What Envoy retries on (Envoy, "Router", x-envoy-retry-on and x-envoy-retry-grpc-on). */
const conditions = new Set([
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
]);

export function* checkRetries(retries: HttpRetry | undefined, path: string): Problems {
  if (retries === undefined) return;
  const { attempts = 0, perTryTimeout, retryOn, retryRemoteLocalities, backoff } = retries;
  yield* checkNotNegative(attempts, `${path}.attempts`);
  if (attempts === 0 && [perTryTimeout, retryOn, retryRemoteLocalities].some((part) => (part ?? '') !== '')) {
    yield error(`${path}.attempts`, 'is 0, which turns retries off, but the policy says how to retry');
  }
  yield* checkDuration(perTryTimeout, `${path}.perTryTimeout`);
  yield* checkDuration(backoff, `${path}.backoff`);
  if (retryOn === undefined || retryOn === '') return;
  const names = retryOn.split(',').map((name) => name.trim());
  yield* each(names, `${path}.retryOn`, function* (name) {
    if (!conditions.has(name) && !Object.hasOwn(STATUS_CODES, name)) {
      yield error(`${path}.retryOn`, `"${name}" is neither a condition that Envoy retries on nor a status code`);
    }
  });
}
