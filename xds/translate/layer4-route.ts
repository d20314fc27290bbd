import { isDnsName } from '../../config/syntax/names.ts';
import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import type { L4MatchAttributes, RouteDestination, VirtualService } from '../../crds/virtual-service.ts';
import type { CidrRange } from '../envoy/gen/envoy/config/core/v3/address_pb.js';
import { concernsClient } from '../model/client-match.ts';
import type { Destinations } from '../model/destinations.ts';
import { outboundClusterName } from '../model/names.ts';
import type { Problem, Report } from '../model/problem.ts';
import { objectName, problemsOf, within } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import { addressRangeKey, parseAddressRange } from './address-range.ts';
import type { ResolvedDestination, RouteContext } from './route-destination.ts';
import { aliasedHostname, resolveDestination } from './route-destination.ts';
import { isRouted } from './route-plan.ts';
import type { RouteEnvironment } from './virtual-host.ts';

/** Where connections of a TCP or TLS port go. Of those that a connection satisfies the first is meant. */
export interface Layer4Route {
  /** The server name (SNI) it is for, a name or `*.<suffix>`; undefined for any connection. */
  readonly serverName?: string;
  /** The destination addresses it is for; empty for all. */
  readonly destinationRanges: readonly CidrRange[];
  /** At least one; the shares are relative to their sum. */
  readonly clusters: readonly [WeightedTarget, ...WeightedTarget[]];
}

export interface WeightedTarget {
  readonly cluster: string;
  readonly weight: number;
  /** Whether its port is declared to carry no HTTP, so that the cluster's mutual TLS says so by itself. */
  readonly declaredTcp: boolean;
  readonly trafficPolicy?: TrafficPolicy;
}

export interface Layer4RouteInput {
  readonly service: Service;
  readonly port: number;
  /** The VirtualServices about the service's host, best first. */
  readonly virtualServices: readonly VirtualService[];
  readonly environment: RouteEnvironment;
}

export interface Layer4Routes {
  /** The last is for all connections that none of the others is for. */
  readonly routes: readonly Layer4Route[];
  readonly problems: readonly Problem[];
}

/**
 * Where connections to a TCP port of a service go: as the `tls` rules (by server name) and then the `tcp` rules of the
 * best VirtualService that has any for this view and port say; all others go to the service itself.
 */
export function layer4RoutesFor(input: Layer4RouteInput): Layer4Routes {
  const taken = new Set<string>();
  for (const virtualService of input.virtualServices) {
    const { report, problems } = problemsOf(objectName('VirtualService', virtualService.metadata));
    const context = { ...input.environment, virtualService, port: input.port };
    const routes = [...tlsRoutes(context, taken, report), ...tcpRoutes(context, taken, report)];
    if (routes.length === 0) continue;
    const complete = taken.has(everything) ? routes : [...routes, routeToService(input)];
    return { routes: complete, problems };
  }
  return { routes: [routeToService(input)], problems: [] };
}

/** What a route without conditions is for. */
const everything = conditionKey(undefined, undefined);

function conditionKey(serverName: string | undefined, range: CidrRange | undefined): string {
  return `${serverName ?? ''}|${range === undefined ? '' : addressRangeKey(range)}`;
}

function routeToService({ service, port, environment }: Layer4RouteInput): Layer4Route {
  const hostname = aliasedHostname(service, environment.destinations) ?? service.hostname;
  const cluster = outboundClusterName(port, '', hostname);
  return {
    destinationRanges: [],
    clusters: [weightedTarget({ cluster, hostname, port }, 1, environment.destinations)],
  };
}

function weightedTarget(
  { cluster, hostname, port, subset }: ResolvedDestination,
  weight: number,
  destinations: Destinations,
): WeightedTarget {
  const servicePort = destinations.service(hostname)?.ports.find((it) => it.port === port);
  const trafficPolicy = destinations.trafficPolicy(hostname, port, subset);
  const declaredTcp = servicePort !== undefined && !isRouted(servicePort);
  return { cluster, weight, declaredTcp, ...(trafficPolicy === undefined ? {} : { trafficPolicy }) };
}

function tlsRoutes(context: RouteContext, taken: Set<string>, report: Report): readonly Layer4Route[] {
  return (context.virtualService.spec.tls ?? []).flatMap((rule, position) => {
    const ofRule = within(report, `spec.tls[${position}]`);
    const matches = rule.match.filter((match) => concernsClient(match, context.view, context.port));
    if (matches.length === 0) return [];
    const clusters = weightedTargets(rule.route ?? [], context, ofRule);
    if (clusters === undefined) return [];
    return matches.flatMap((match) => {
      const ranges = destinationRanges(match, within(ofRule, `match[${rule.match.indexOf(match)}]`));
      const names = match.sniHosts.map((name) => name.toLowerCase()).filter((name) => isServerName(name, ofRule));
      return ranges === undefined ? [] : names.flatMap((name) => unclaimed(name, ranges, clusters, taken));
    });
  });
}

function tcpRoutes(context: RouteContext, taken: Set<string>, report: Report): readonly Layer4Route[] {
  return (context.virtualService.spec.tcp ?? []).flatMap((rule, position) => {
    const ofRule = within(report, `spec.tcp[${position}]`);
    const written = rule.match === undefined || rule.match.length === 0 ? [{}] : rule.match;
    const matches = written.filter((match) => concernsClient(match, context.view, context.port));
    if (matches.length === 0) return [];
    const clusters = weightedTargets(rule.route ?? [], context, ofRule);
    if (clusters === undefined) return [];
    return matches.flatMap((match) => {
      if (taken.has(everything)) return [];
      const ranges = destinationRanges(match, within(ofRule, `match[${written.indexOf(match)}]`));
      return ranges === undefined ? [] : unclaimed(undefined, ranges, clusters, taken);
    });
  });
}

/** The part of a route whose conditions no earlier one has. */
function unclaimed(
  serverName: string | undefined,
  ranges: readonly CidrRange[],
  clusters: Layer4Route['clusters'],
  taken: Set<string>,
): readonly Layer4Route[] {
  const candidates = ranges.length === 0 ? [undefined] : ranges;
  const own = candidates.filter((range) => {
    const key = conditionKey(serverName, range);
    return !taken.has(key) && taken.add(key);
  });
  if (own.length === 0) return [];
  const destinationRanges = own.filter((range) => range !== undefined);
  return [serverName === undefined ? { destinationRanges, clusters } : { serverName, destinationRanges, clusters }];
}

/** Undefined where none of the addresses given is one: the match is then for nothing, not for everything. */
function destinationRanges({ destinationSubnets = [] }: L4MatchAttributes, report: Report) {
  const ranges = destinationSubnets.flatMap((text, position) => {
    const range = parseAddressRange(text);
    if (range === undefined)
      report(`destinationSubnets[${position}]`, `"${text}" is no address and no range; left out`);
    return range === undefined ? [] : [range];
  });
  return destinationSubnets.length > 0 && ranges.length === 0 ? undefined : ranges;
}

function isServerName(name: string, report: Report): boolean {
  if (isDnsName(name.startsWith('*.') ? name.slice(2) : name)) return true;
  report('match', `"${name}" is no server name and no wildcard such as *.example.com; it is left out`);
  return false;
}

/** A single destination gets all connections whatever its weight; among several, those without weight get none. */
function weightedTargets(
  routes: readonly RouteDestination[],
  context: RouteContext,
  report: Report,
): Layer4Route['clusters'] | undefined {
  const [only] = routes;
  const single = routes.length === 1 && only !== undefined;
  const targets = routes.flatMap(({ destination, weight = 0 }, position) => {
    if (!single && weight <= 0) return [];
    const resolved = resolveDestination(destination, context, within(report, `route[${position}].destination`));
    return [weightedTarget(resolved, single ? 1 : weight, context.destinations)];
  });
  const [first, ...others] = targets;
  if (first !== undefined) return [first, ...others];
  report('route', 'the rule has no destination that connections could go to; it is left out');
  return undefined;
}
