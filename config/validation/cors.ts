import type { CorsPolicy } from '../../crds/http-policies.ts';
import { durationMs } from '../../lib/duration.ts';
import { checkDuration } from './fields.ts';
import { checkHeaderNames } from './headers.ts';
import type { Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';
import { checkStringMatch } from './string-match.ts';

const methods = new Set(['*', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE']);

export function* checkCors(policy: CorsPolicy | undefined, path: string): Problems {
  if (policy === undefined) return;
  yield* each(policy.allowOrigins, `${path}.allowOrigins`, checkOrigin);
  if (policy.allowOrigin !== undefined) yield warning(`${path}.allowOrigin`, 'is deprecated; use allowOrigins');
  yield* each(policy.allowMethods, `${path}.allowMethods`, function* (method, at) {
    if (!methods.has(method)) yield error(at, `"${method}" is no HTTP method`);
  });
  yield* checkHeaderNames(policy.allowHeaders, `${path}.allowHeaders`);
  yield* checkHeaderNames(policy.exposeHeaders, `${path}.exposeHeaders`);
  yield* checkDuration(policy.maxAge, `${path}.maxAge`);
  if (policy.maxAge !== undefined && (durationMs(policy.maxAge) ?? 0) % 1000 !== 0) {
    yield error(`${path}.maxAge`, `must be whole seconds, is ${policy.maxAge}`);
  }
}

function* checkOrigin(origin: NonNullable<CorsPolicy['allowOrigins']>[number], path: string): Problems {
  yield* checkStringMatch(origin, path);
  if (Object.values(origin).every((value) => value === '')) {
    yield error(path, 'must have exact, prefix or regex, and not an empty one');
  }
}
