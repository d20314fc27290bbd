import type { Delegate, HttpRoute } from '../../crds/virtual-service.ts';
import { isAuthority } from '../syntax/header-syntax.ts';
import { isDnsLabel, isDnsName } from '../syntax/names.ts';
import { checkCors } from './cors.ts';
import { checkDestination } from './destination.ts';
import { checkFault } from './fault.ts';
import { checkDuration, checkWeights } from './fields.ts';
import { checkHeaders } from './headers.ts';
import { checkHttpMatch } from './http-match.ts';
import { checkMirrors } from './mirror.ts';
import type { Problems } from './problem.ts';
import { each, error } from './problem.ts';
import { checkDirectResponse, checkRedirect } from './redirect.ts';
import { checkRetries } from './retries.ts';
import { checkRewrite } from './rewrite.ts';
import { checkReachable } from './reachability.ts';

/** What a rule does with a request; each rule has exactly one of them. */
const actions = ['route', 'redirect', 'directResponse', 'delegate'] as const;
type Action = (typeof actions)[number];

export function* checkHttpRoutes(
  routes: readonly HttpRoute[] | undefined,
  path: string,
  isDelegate: boolean,
): Problems {
  yield* each(routes, path, checkHttpRoute);
  yield* checkReachable(routes ?? [], path);
  if (!isDelegate) return;
  yield* each(routes, path, function* (route, at) {
    if (route.delegate !== undefined) {
      yield error(`${at}.delegate`, 'a VirtualService without hosts is a delegate itself and must not delegate on');
    }
  });
}

function* checkHttpRoute(route: HttpRoute, path: string): Problems {
  yield* checkActions(route, path);
  yield* each(route.match, `${path}.match`, checkHttpMatch);
  yield* checkWeights(route.route, `${path}.route`);
  yield* each(route.route, `${path}.route`, function* (entry, at) {
    yield* checkDestination(entry.destination, `${at}.destination`);
    yield* checkHeaders(entry.headers, `${at}.headers`);
  });
  yield* checkRedirect(route.redirect, `${path}.redirect`);
  yield* checkDirectResponse(route.directResponse, `${path}.directResponse`);
  yield* checkDelegate(route.delegate, `${path}.delegate`);
  yield* checkRewrite(route.rewrite, `${path}.rewrite`);
  yield* checkDuration(route.timeout, `${path}.timeout`);
  yield* checkAuthorityOnce(route, path);
  yield* checkRetries(route.retries, `${path}.retries`);
  yield* checkFault(route.fault, `${path}.fault`);
  yield* checkMirrors(route, path);
  yield* checkCors(route.corsPolicy, `${path}.corsPolicy`);
  yield* checkHeaders(route.headers, `${path}.headers`);
}

function* checkActions(route: HttpRoute, path: string): Problems {
  const present = actions.filter((action) => has(route, action));
  const [first] = present;
  if (first === undefined) yield error(path, 'must have one of route, redirect, directResponse and delegate');
  else if (present.length > 1) yield error(path, `must have one of ${present.join(' and ')}, not all of them`);
  else if (first === 'redirect' || first === 'directResponse') {
    for (const other of ['fault', 'rewrite'] as const) {
      if (route[other] !== undefined) yield error(`${path}.${other}`, `must not be there together with ${first}`);
    }
  }
}

function has(route: HttpRoute, action: Action): boolean {
  return action === 'route' ? route.route !== undefined && route.route.length > 0 : route[action] !== undefined;
}

function* checkDelegate(delegate: Delegate | undefined, path: string): Problems {
  if (delegate === undefined) return;
  if (delegate.name === undefined || !isDnsName(delegate.name)) {
    yield error(`${path}.name`, `must be the name of a VirtualService, is "${delegate.name ?? ''}"`);
  }
  if (delegate.namespace !== undefined && delegate.namespace !== '' && !isDnsLabel(delegate.namespace)) {
    yield error(`${path}.namespace`, `"${delegate.namespace}" is no name of a namespace`);
  }
}

/** The authority of a request can be rewritten in one place of a rule only. */
function* checkAuthorityOnce({ rewrite, headers }: HttpRoute, path: string): Problems {
  const names = [...Object.keys(headers?.request?.set ?? {}), ...Object.keys(headers?.request?.add ?? {})];
  const changes = names.filter(isAuthority).length + ((rewrite?.authority ?? '') === '' ? 0 : 1);
  if (changes > 1)
    yield error(path, 'the authority is changed in several places; keep one of rewrite.authority and headers');
}
