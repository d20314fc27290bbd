import { create } from '@bufbuild/protobuf';
import type { HttpMatchRequest, HttpRoute } from '../../crds/virtual-service.ts';
import type { Route, RouteMatch } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { RouteSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { concernsClient } from '../model/client-match.ts';
import { originOf } from '../model/delegates.ts';
import type { Destinations } from '../model/destinations.ts';
import type { ProblemList, Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { outboundClusterName } from '../model/names.ts';
import { corsFilter, translateCors } from './cors.ts';
import { directAnswer, translateDirectResponse } from './direct-response.ts';
import { faultFilter, translateFault } from './fault.ts';
import { forwardTo, translateForwarding } from './forwarding.ts';
import { translateHashPolicy } from './hash-policy.ts';
import { joinHeaderChanges, noHeaderChanges, translateHeaders } from './header-changes.ts';
import type { HeaderChanges } from './header-changes.ts';
import { translateRedirect } from './redirect.ts';
import { translateRetries } from './retry.ts';
import type { RouteContext } from './route-destination.ts';
import { aliasedHostname } from './route-destination.ts';
import { originMetadata } from './route-metadata.ts';
import { everyRequest, isCatchAll, translateRouteMatch } from './route-match.ts';

/** The name of the route of a service without rules (Istio's). */
const defaultRouteName = 'default';

/** The route of a service port that no VirtualService is about: all requests, to its cluster, with default retries. */
export function defaultRoute(service: Service, port: number, destinations: Destinations): Route {
  const hostname = aliasedHostname(service, destinations) ?? service.hostname;
  const action = forwardTo(outboundClusterName(port, '', hostname));
  const hashPolicy = translateHashPolicy(destinations.trafficPolicy(hostname, port));
  if (hashPolicy !== undefined) action.hashPolicy = [hashPolicy];
  const retryPolicy = translateRetries(undefined, hashPolicy !== undefined, () => undefined);
  if (retryPolicy !== undefined) action.retryPolicy = retryPolicy;
  return create(RouteSchema, {
    name: defaultRouteName,
    match: everyRequest(),
    action: { case: 'route', value: action },
    decorator: { operation: `${service.hostname}:${port}/*` },
  });
}

/**
 * The routes of a VirtualService's `http` rules for the sidecars of a view that route a port: one for each match, in
 * order, up to the first that takes every request.
 */
export function translateHttpRules(context: RouteContext, problems: ProblemList): readonly Route[] {
  const routes: Route[] = [];
  for (const [position, rule] of (context.virtualService.spec.http ?? []).entries()) {
    const origin = originOf(rule, context.virtualService, position);
    const ofRule = within(problems.reportOn(origin.object), origin.path);
    for (const route of translateRule(rule, context, ofRule)) {
      routes.push(route);
      if (route.match !== undefined && isCatchAll(route.match)) return routes;
    }
  }
  return routes;
}

function translateRule(rule: HttpRoute, context: RouteContext, report: Report): readonly Route[] {
  const matches = translateMatches(rule.match ?? [], context, report);
  const [first] = matches;
  if (first === undefined) return [];
  const outcome = translateOutcome(rule, context, report);
  const metadata = originMetadata(context.virtualService);
  return matches.map(({ match, name, statPrefix }) =>
    create(RouteSchema, {
      name: name ? `${rule.name ?? ''}.${name}` : (rule.name ?? ''),
      match,
      metadata,
      statPrefix,
      ...outcome.headers,
      action: outcome.action,
      decorator: { operation: `${outcome.operationHost}${operationPath(match)}` },
      typedPerFilterConfig: outcome.filters,
    }),
  );
}

interface TranslatedMatch {
  readonly match: RouteMatch;
  readonly name: string;
  readonly statPrefix: string;
}

function translateMatches(
  matches: readonly HttpMatchRequest[],
  { view, port }: RouteContext,
  report: Report,
): readonly TranslatedMatch[] {
  if (matches.length === 0) return [{ match: everyRequest(), name: '', statPrefix: '' }];
  return matches.flatMap((written, position) => {
    if (!concernsClient(written, view, port)) return [];
    const match = translateRouteMatch(written, within(report, `match[${position}]`));
    return match === undefined ? [] : [{ match, name: written.name ?? '', statPrefix: written.statPrefix ?? '' }];
  });
}

interface Outcome {
  readonly action: Route['action'];
  readonly headers: HeaderChanges;
  readonly filters: Route['typedPerFilterConfig'];
  /** Host and port that the spans of the route are named after. */
  readonly operationHost: string;
}

/** What happens to the requests of a rule, which is the same for all of its matches. */
function translateOutcome(rule: HttpRoute, context: RouteContext, report: Report): Outcome {
  const { action, headers, operationHost } = translateAction(rule, context, report);
  const own = translateHeaders(rule.headers, within(report, 'headers'));
  const filters: Route['typedPerFilterConfig'] = {};
  const cors = translateCors(rule.corsPolicy, within(report, 'corsPolicy'));
  if (cors !== undefined) filters[corsFilter] = cors;
  const fault = translateFault(rule.fault, within(report, 'fault'));
  if (fault !== undefined) filters[faultFilter] = fault;
  return { action, headers: joinHeaderChanges(own, headers), filters, operationHost };
}

/** A rule that can't be done as written answers 500: passing its requests on elsewhere would be a guess. */
function translateAction(rule: HttpRoute, context: RouteContext, report: Report): Omit<Outcome, 'filters'> {
  const operationHost = `${context.virtualService.metadata.name}:${context.port}`;
  const headers = noHeaderChanges;
  const failure = { action: { case: 'directResponse', value: directAnswer(500) }, headers, operationHost } as const;
  if (rule.redirect !== undefined) {
    const value = translateRedirect(rule.redirect, context.port, within(report, 'redirect'));
    return value === undefined ? failure : { action: { case: 'redirect', value }, headers, operationHost };
  }
  if (rule.directResponse !== undefined) {
    const value = translateDirectResponse(rule.directResponse, within(report, 'directResponse'));
    return value === undefined ? failure : { action: { case: 'directResponse', value }, headers, operationHost };
  }
  const forwarding = translateForwarding(rule, context, report);
  if (forwarding === undefined) return failure;
  const { clusterSpecifier } = forwarding.action;
  const action = { case: 'route', value: forwarding.action } as const;
  const named = clusterSpecifier.case === 'cluster' ? clusterSpecifier.value.split('|') : [];
  const [, port, , host] = named;
  const ofCluster = host === undefined || port === undefined ? operationHost : `${host}:${port}`;
  return { action, headers: forwarding.headers, operationHost: ofCluster };
}

function operationPath({ pathSpecifier }: RouteMatch): string {
  if (pathSpecifier.case === 'prefix') return `${pathSpecifier.value}*`;
  if (pathSpecifier.case === 'path') return pathSpecifier.value;
  return pathSpecifier.case === 'safeRegex' ? pathSpecifier.value.regex : '/*';
}
