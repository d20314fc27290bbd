import type { JsonValue } from '@bufbuild/protobuf';
import { createRegistry, toJson } from '@bufbuild/protobuf';
import type { DestinationRule, TrafficPolicy } from '../../crds/destination-rule.ts';
import type { HttpRoute, VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { RouteSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { CorsPolicySchema } from '../envoy/gen/envoy/extensions/filters/http/cors/v3/cors_pb.js';
import { HTTPFaultSchema } from '../envoy/gen/envoy/extensions/filters/http/fault/v3/fault_pb.js';
import { PreviousHostsPredicateSchema } from '../envoy/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.js';
import { PreviousPrioritiesConfigSchema } from '../envoy/gen/envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config_pb.js';
import { destinationRulesFor, hostOf, mergeRules, trafficPolicyFor } from '../model/destination-rules.ts';
import type { Destinations } from '../model/destinations.ts';
import { hostnameMatches } from '../model/hostname.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Problem } from '../model/problem.ts';
import { ProblemList } from '../model/problem.ts';
import type { Protocol, Service, ServicePort } from '../model/service.ts';
import type { View } from '../model/view.ts';
import type { RouteContext } from './route-destination.ts';
import { translateHttpRules } from './route.ts';

/** For tests: what may stand in a route as `Any`. */
export const routeTypes = createRegistry(
  CorsPolicySchema,
  HTTPFaultSchema,
  PreviousHostsPredicateSchema,
  PreviousPrioritiesConfigSchema,
);

/** For tests: a service `<name>.<namespace>` with ports given as `<number>: <protocol>`. */
export function testService(
  name: string,
  ports: Readonly<Record<number, Protocol>>,
  changes: Partial<Service> = {},
): Service {
  const namespace = changes.namespace ?? 'default';
  return {
    hostname: `${name}.${namespace}.svc.cluster.local`,
    name,
    namespace,
    kind: 'cluster-ip',
    addresses: [],
    ports: Object.entries(ports).map(([port, protocol]): ServicePort => {
      return { name: `${protocol}-${port}`, port: Number(port), targetPort: Number(port), protocol };
    }),
    labels: {},
    selector: {},
    exportTo: ['*'],
    createdAt: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

/** For tests: a VirtualService `<namespace>/<name>`. */
export function testVirtualService(name: string, spec: VirtualServiceSpec, namespace = 'default'): VirtualService {
  return { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name, namespace }, spec };
}

/** For tests: a DestinationRule in the namespace `default`. */
export function testDestinationRule(spec: DestinationRule['spec']): DestinationRule {
  const metadata = { name: spec.host, namespace: 'default' };
  return { apiVersion: 'networking.istio.io/v1', kind: 'DestinationRule', metadata, spec };
}

/** For tests: what a mesh of these services and rules says about destinations. */
export function testDestinations(
  services: readonly Service[],
  rules: readonly DestinationRule[] = [],
  view: View = { namespace: 'default' },
): Destinations {
  const find = (hostname: string) => services.find((service) => service.hostname === hostname);
  const ruleOf = (hostname: string): DestinationRule | undefined => {
    const service = find(hostname);
    if (service === undefined) return undefined;
    const covering = rules.filter((rule) => hostnameMatches(hostOf(rule, defaultMeshSettings), hostname));
    return mergeRules(destinationRulesFor(covering, defaultMeshSettings, view, service));
  };
  const subsetOf = (hostname: string, subset: string | undefined) =>
    ruleOf(hostname)?.spec.subsets?.find(({ name }) => name === subset);
  return {
    service: find,
    hasSubset: (hostname, subset) => subsetOf(hostname, subset) !== undefined,
    trafficPolicy: (hostname, port, subset): TrafficPolicy | undefined =>
      trafficPolicyFor(ruleOf(hostname), { port }, subsetOf(hostname, subset)),
  };
}

/** For tests: the services that most rules of tests lead to. */
export const reviews = testService('reviews', { 9080: 'http' });
export const ratings = testService('ratings', { 80: 'http', 8080: 'http2' }, { namespace: 'other' });
const subsets = ['v1', 'v2', 'v3'].map((version) => ({ name: version, labels: { version } }));
export const reviewsRule = testDestinationRule({ host: 'reviews', subsets });

/** For tests: the context of a VirtualService of `reviews` in its own namespace. */
export function testContext(http: readonly HttpRoute[], changes: Partial<RouteContext> = {}): RouteContext {
  return {
    virtualService: testVirtualService('reviews', { hosts: ['reviews'], http }),
    view: { namespace: 'default' },
    port: 9080,
    settings: defaultMeshSettings,
    destinations: testDestinations([reviews, ratings], [reviewsRule]),
    ...changes,
  };
}

/** For tests: HTTP rules of `reviews` as routes in JSON, and the problems found. */
export function translateTestRules(
  http: readonly HttpRoute[],
  changes: Partial<RouteContext> = {},
): { readonly routes: readonly JsonValue[]; readonly problems: readonly Problem[] } {
  const list = new ProblemList();
  const routes = translateHttpRules(testContext(http, changes), list);
  return {
    routes: routes.map((route) => toJson(RouteSchema, route, { registry: routeTypes })),
    problems: list.problems,
  };
}
