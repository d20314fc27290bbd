import { create } from '@bufbuild/protobuf';
import type { HttpRoute, HttpRouteDestination } from '../../crds/virtual-service.ts';
import type {
  RouteAction,
  RouteAction_HashPolicy,
  WeightedCluster_ClusterWeight,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import {
  RouteActionSchema,
  WeightedCluster_ClusterWeightSchema,
} from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { parseDuration, zeroDuration } from './duration.ts';
import { translateHashPolicy } from './hash-policy.ts';
import type { HeaderChanges } from './header-changes.ts';
import { authorityOf, noHeaderChanges, translateHeaders } from './header-changes.ts';
import { translateMirrors } from './mirror.ts';
import { translateRetries } from './retry.ts';
import { applyRewrite } from './rewrite.ts';
import type { ResolvedDestination, RouteContext } from './route-destination.ts';
import { resolveDestination } from './route-destination.ts';

/** How a rule forwards: the action, and changes of headers that belong to its only destination. */
export interface Forwarding {
  readonly action: RouteAction;
  readonly headers: HeaderChanges;
}

/** An action that forwards to a cluster without a limit of time, which is Istio's default. */
export function forwardTo(cluster: string): RouteAction {
  return create(RouteActionSchema, {
    clusterSpecifier: { case: 'cluster', value: cluster },
    timeout: zeroDuration,
    // Without it Envoy would not look at the grpc-timeout header at all; zero takes the header as it is.
    maxStreamDuration: { grpcTimeoutHeaderMax: zeroDuration },
  });
}

/** Translates all that a rule says of forwarding; undefined where it names no destination that requests could go to. */
export function translateForwarding(rule: HttpRoute, context: RouteContext, report: Report): Forwarding | undefined {
  const routes = usableDestinations(rule, report);
  const [only, another] = routes;
  if (only === undefined) return undefined;
  const action = forwardTo('');
  applyTimeout(action, rule.timeout, report);
  const authority = authorityOf(rule.headers, within(report, 'headers'));
  if (authority !== undefined) action.hostRewriteSpecifier = { case: 'hostRewriteLiteral', value: authority };
  applyRewrite(action, rule.rewrite, within(report, 'rewrite'));
  action.requestMirrorPolicies = translateMirrors(rule, context, report);
  const headers = another === undefined ? single(action, only, context) : weighted(action, routes, context);
  const staysWithHost = another === undefined && action.hashPolicy.length > 0;
  const retryPolicy = translateRetries(rule.retries, staysWithHost, within(report, 'retries'));
  if (retryPolicy !== undefined) action.retryPolicy = retryPolicy;
  return { action, headers };
}

interface Weighted {
  readonly destination: HttpRouteDestination;
  readonly weight: number;
  readonly report: Report;
}

/** The largest sum of weights that Envoy takes. */
const maxTotalWeight = 4_294_967_295;

/** A single destination gets all requests whatever its weight; among several, those without weight get none. */
function usableDestinations(rule: HttpRoute, report: Report): readonly Weighted[] {
  const all = (rule.route ?? []).map((destination, position) => ({
    destination,
    weight: destination.weight ?? 0,
    report: within(report, `route[${position}]`),
  }));
  if (all.length === 0) report('', 'the rule has neither route nor redirect nor directResponse; it answers 500');
  if (all.length <= 1) return all;
  const chosen = all.filter(({ weight }) => weight > 0);
  if (chosen.length === 0) report('route', 'no destination has a weight above zero; the rule answers 500');
  if (chosen.reduce((sum, { weight }) => sum + weight, 0) <= maxTotalWeight) return chosen;
  report('route', `the weights sum up to more than ${maxTotalWeight}; the rule answers 500`);
  return [];
}

function single(action: RouteAction, { destination, report }: Weighted, context: RouteContext): HeaderChanges {
  const resolved = resolveDestination(destination.destination, context, within(report, 'destination'));
  action.clusterSpecifier = { case: 'cluster', value: resolved.cluster };
  action.hashPolicy = hashPolicies([resolved], context);
  const authority = authorityOf(destination.headers, within(report, 'headers'));
  if (authority !== undefined && action.hostRewriteSpecifier.case === undefined) {
    action.hostRewriteSpecifier = { case: 'hostRewriteLiteral', value: authority };
  }
  return translateHeaders(destination.headers, within(report, 'headers'));
}

function weighted(action: RouteAction, routes: readonly Weighted[], context: RouteContext): HeaderChanges {
  const resolved = routes.map(({ destination, report }) =>
    resolveDestination(destination.destination, context, within(report, 'destination')),
  );
  const clusters = routes.map((route, position) => clusterWeight(route, resolved[position]?.cluster ?? ''));
  action.clusterSpecifier = create(RouteActionSchema, {
    clusterSpecifier: { case: 'weightedClusters', value: { clusters } },
  }).clusterSpecifier;
  action.hashPolicy = hashPolicies(resolved, context);
  return noHeaderChanges;
}

function clusterWeight({ destination, weight, report }: Weighted, name: string): WeightedCluster_ClusterWeight {
  const headers = translateHeaders(destination.headers, within(report, 'headers'));
  const message = create(WeightedCluster_ClusterWeightSchema, { name, weight, ...headers });
  const authority = authorityOf(destination.headers, within(report, 'headers'));
  if (authority !== undefined) message.hostRewriteSpecifier = { case: 'hostRewriteLiteral', value: authority };
  return message;
}

function hashPolicies(
  resolved: readonly ResolvedDestination[],
  { destinations }: RouteContext,
): RouteAction_HashPolicy[] {
  return resolved.flatMap(({ hostname, port, subset }) => {
    const policy = translateHashPolicy(destinations.trafficPolicy(hostname, port, subset));
    return policy === undefined ? [] : [policy];
  });
}

function applyTimeout(action: RouteAction, text: string | undefined, report: Report): void {
  if (text === undefined) return;
  const timeout = parseDuration(text);
  if (timeout === undefined) {
    report('timeout', `"${text}" is no duration such as 250ms or 10s; the rule has no timeout`);
    return;
  }
  action.timeout = timeout;
  action.maxStreamDuration = create(RouteActionSchema, {
    maxStreamDuration: { grpcTimeoutHeaderMax: timeout },
  }).maxStreamDuration;
}
