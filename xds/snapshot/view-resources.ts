import type { DestinationRule } from '../../crds/destination-rule.ts';
import { spiffeId } from '../../lib/identity.ts';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { destinationRuleProblems } from '../model/destination-rule-problems.ts';
import { destinationRuleFor, trafficPolicyFor } from '../model/destination-rules.ts';
import type { Destinations } from '../model/destinations.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { isExportedTo } from '../model/export-to.ts';
import type { Mesh } from '../model/mesh.ts';
import { outboundClusterName } from '../model/names.ts';
import { endpointTlsMode, inferServiceMutualTls } from '../model/peer-authentication.ts';
import type { Problem } from '../model/problem.ts';
import type { Service, ServicePort } from '../model/service.ts';
import type { View } from '../model/view.ts';
import { viewKey } from '../model/view.ts';
import type { VirtualServiceIndex } from '../model/virtual-services.ts';
import { indexVirtualServices, layer4VirtualServicesFor } from '../model/virtual-services.ts';
import { goesToOriginalDestination, translateOutboundClusters } from '../translate/cluster.ts';
import { translateEndpoints } from '../translate/endpoints.ts';
import type { ClientPlace } from '../translate/locality.ts';
import { dependsOnClientPlace } from '../translate/locality.ts';
import { layer4RoutesFor } from '../translate/layer4-route.ts';
import { translateOutboundListener } from '../translate/outbound-listener.ts';
import type { ListenerPlan } from '../translate/outbound-plan.ts';
import { planOutboundListeners } from '../translate/outbound-plan.ts';
import { planRouteConfigurations, translateRouteConfiguration } from '../translate/route-configuration.ts';
import type { RouteConfigurationPlan } from '../translate/route-plan.ts';
import { translateVirtualHost } from '../translate/virtual-host.ts';
import type { Memo } from './memo.ts';
import type { EncodedResource } from './resource.ts';
import { encodeResource } from './resource.ts';
import type { ResourcesByType } from './snapshot-engine.ts';

export interface ViewResources {
  readonly resources: ResourcesByType;
  readonly problems: readonly Problem[];
}

/** Everything outbound that the sidecars of a view share, translating only what no earlier pass has translated. */
export function viewResources(mesh: Mesh, view: View, memo: Memo): ViewResources {
  const lookup = new ViewLookup(mesh, view, memo);
  const index = memo.get('virtual-service-index', [mesh.virtualServices, mesh.settings, viewKey(view)], () =>
    indexVirtualServices(mesh.virtualServices, view, mesh.settings),
  );
  const layer4Problems: Problem[] = [];
  const listeners = planOutboundListeners({
    services: lookup.services,
    endpointsOf: ({ hostname }) => mesh.endpoints.get(hostname) ?? [],
    routesOf: (service, port) => {
      const { routes, problems } = layer4Routes(lookup, index, service, port);
      layer4Problems.push(...problems);
      return routes;
    },
  });
  const routes = planRouteConfigurations(lookup.services, index).map((plan) => routeResource(lookup, plan));
  const perPort = lookup.services.flatMap((service) =>
    service.ports.map((port) => portResources(lookup, service, port)),
  );
  return {
    resources: {
      cluster: perPort.flatMap(({ clusters }) => clusters),
      endpoint: perPort.flatMap(({ endpoints }) => endpoints),
      listener: listeners.listeners.map((plan) => listenerResource(lookup, plan)),
      route: routes.map(({ resource }) => resource),
    },
    problems: [
      ...ruleProblems(lookup),
      ...listeners.problems,
      ...index.problems,
      ...layer4Problems,
      ...routes.flatMap(({ problems }) => problems),
    ],
  };
}

/** What one view sees of the mesh. */
class ViewLookup implements Destinations {
  readonly mesh: Mesh;
  readonly view: View;
  readonly memo: Memo;
  /** Visible services by host name, in order. */
  readonly services: readonly Service[];
  readonly #key: string;
  #destinationsVersion: object | undefined;

  constructor(mesh: Mesh, view: View, memo: Memo) {
    this.mesh = mesh;
    this.view = view;
    this.memo = memo;
    this.#key = viewKey(view);
    this.services = [...mesh.services.values()]
      .filter(({ exportTo, namespace }) => isExportedTo(exportTo, namespace, view.namespace))
      .sort((a, b) => (a.hostname < b.hostname ? -1 : 1));
  }

  service(hostname: string): Service | undefined {
    const service = this.mesh.services.get(hostname);
    if (service === undefined) return undefined;
    return isExportedTo(service.exportTo, service.namespace, this.view.namespace) ? service : undefined;
  }

  destinationRule(service: Service): DestinationRule | undefined {
    const { destinationRules: rules, settings } = this.mesh;
    if (rules.length === 0) return undefined;
    const { rule } = this.memo.get('destination-rule', [rules, settings, this.#key, service.hostname], () => ({
      rule: destinationRuleFor({ rules, settings }, this.view, service),
    }));
    return rule;
  }

  /** An object that is another one whenever some service or DestinationRule that the view sees is. */
  get destinationsVersion(): object {
    return (this.#destinationsVersion ??= this.memo.get(
      'destinations',
      [this.mesh.destinationRules, ...this.services],
      () => ({}),
    ));
  }

  #ruleOf(hostname: string): DestinationRule | undefined {
    const service = this.service(hostname);
    return service === undefined ? undefined : this.destinationRule(service);
  }

  hasSubset(hostname: string, subset: string): boolean {
    return this.#ruleOf(hostname)?.spec.subsets?.some(({ name }) => name === subset) === true;
  }

  trafficPolicy(hostname: string, port: number, subset?: string) {
    const rule = this.#ruleOf(hostname);
    const found = subset === undefined ? undefined : rule?.spec.subsets?.find(({ name }) => name === subset);
    return trafficPolicyFor(rule, { port }, found);
  }

  /** Endpoints with their `tlsMode` as the workloads' policies leave it. */
  endpoints({ hostname }: Service): readonly Endpoint[] {
    const { peerAuthentications: policies, settings } = this.mesh;
    const endpoints = this.mesh.endpoints.get(hostname);
    if (endpoints === undefined) return noEndpoints;
    return this.memo.get('endpoints', [endpoints, policies, settings], () =>
      endpoints.map((endpoint) => ({ ...endpoint, tlsMode: endpointTlsMode(policies, settings, endpoint) })),
    );
  }
}

/** What is wrong with the DestinationRules that the view sees, once for each. */
function ruleProblems({ mesh, view, memo }: ViewLookup): readonly Problem[] {
  return mesh.destinationRules
    .filter(({ metadata, spec }) => isExportedTo(spec.exportTo, metadata.namespace ?? '', view.namespace))
    .flatMap((rule) => memo.get('destination-rule-problems', [rule], () => destinationRuleProblems(rule)));
}

function layer4Routes(lookup: ViewLookup, index: VirtualServiceIndex, service: Service, port: ServicePort) {
  const { view, memo, mesh } = lookup;
  const environment = { view, settings: mesh.settings, destinations: lookup };
  const virtualServices = layer4VirtualServicesFor(index, service.hostname);
  // Without rules the route reads nothing but the service itself.
  const others = virtualServices.length === 0 ? [] : [viewKey(view), lookup.destinationsVersion, ...virtualServices];
  const inputs = [service, port, lookup.destinationRule(service), mesh.settings, ...others];
  return memo.get('layer4-routes', inputs, () =>
    layer4RoutesFor({ service, port: port.port, virtualServices, environment }),
  );
}

/** One object, by which what follows from it is remembered. */
const noEndpoints: readonly Endpoint[] = [];

interface PortResources {
  readonly clusters: readonly EncodedResource[];
  readonly endpoints: readonly EncodedResource[];
}

function portResources(lookup: ViewLookup, service: Service, port: ServicePort): PortResources {
  const { mesh, memo } = lookup;
  const { settings } = mesh;
  const destinationRule = lookup.destinationRule(service);
  const all = lookup.endpoints(service);
  const identities = memo.get('identities', [all, settings, port], () =>
    endpointIdentities(all, port, settings.trustDomain),
  );
  const serverMutualTls = inferServiceMutualTls(mesh.peerAuthentications, settings, service);
  const { serviceAccounts, everyEndpointHasSidecar } = identities;
  const clusters = memo.get(
    'clusters',
    [service, port, destinationRule, serverMutualTls, serviceAccounts.join(), everyEndpointHasSidecar, settings],
    () =>
      translateOutboundClusters({
        service,
        port,
        destinationRule,
        serverMutualTls,
        serviceAccounts,
        everyEndpointHasSidecar,
        settings,
      }).map((cluster) => encodeResource('cluster', cluster.name, ClusterSchema, cluster)),
  );
  const { view } = lookup;
  const placed = [undefined, ...(destinationRule?.spec.subsets ?? [])].some((subset) =>
    dependsOnClientPlace(trafficPolicyFor(destinationRule, port, subset)),
  );
  const client = placed ? { locality: view.locality, labels: view.sourceLabels } : {};
  const endpoints = memo.get(
    'endpoint-resources',
    [service, port, destinationRule, all, placed ? viewKey({ ...view, namespace: '' }) : ''],
    () => endpointResources({ service, port, rule: destinationRule, endpoints: all, client }),
  );
  return { clusters, endpoints };
}

function endpointIdentities(endpoints: readonly Endpoint[], port: ServicePort, trustDomain: string) {
  const serving = endpoints.filter(({ servicePort }) => servicePort === port.name);
  const identities = serving.flatMap(({ namespace, serviceAccount }) =>
    serviceAccount === undefined ? [] : [spiffeId({ trustDomain, namespace, serviceAccount })],
  );
  return {
    serviceAccounts: [...new Set(identities)].sort(),
    everyEndpointHasSidecar: serving.length > 0 && serving.every(({ tlsMode }) => tlsMode === 'istio'),
  };
}

interface EndpointInputs {
  readonly service: Service;
  readonly port: ServicePort;
  readonly rule: DestinationRule | undefined;
  readonly endpoints: readonly Endpoint[];
  readonly client: ClientPlace;
}

/** Endpoints of the whole service and of each subset, for the clusters that ask for them by EDS. */
function endpointResources({ service, port, rule, endpoints, client }: EndpointInputs): readonly EncodedResource[] {
  if (service.kind === 'external-name') return [];
  return [undefined, ...(rule?.spec.subsets ?? [])].flatMap((subset) => {
    const trafficPolicy = trafficPolicyFor(rule, port, subset);
    if (goesToOriginalDestination(service, trafficPolicy)) return [];
    const clusterName = outboundClusterName(port.port, subset?.name ?? '', service.hostname);
    const assignment = translateEndpoints({
      clusterName,
      port,
      subsetLabels: subset?.labels,
      endpoints,
      trafficPolicy,
      client,
    });
    return [encodeResource('endpoint', clusterName, ClusterLoadAssignmentSchema, assignment)];
  });
}

function listenerResource({ mesh: { settings }, memo }: ViewLookup, plan: ListenerPlan): EncodedResource {
  const inputs =
    plan.kind === 'http'
      ? [plan.name, plan.addresses.join(), settings]
      : [plan.name, plan.addresses.join(), settings, plan.service, plan.servicePort, plan.routes];
  return memo.get(`${plan.kind}-listener`, inputs, () => {
    const listener = translateOutboundListener(plan, settings);
    return encodeResource('listener', listener.name, ListenerSchema, listener);
  });
}

function routeResource(
  lookup: ViewLookup,
  plan: RouteConfigurationPlan,
): { readonly resource: EncodedResource; readonly problems: readonly Problem[] } {
  const { view, memo, mesh } = lookup;
  const { settings } = mesh;
  const environment = { view, settings, destinations: lookup };
  const virtualHosts = plan.virtualHosts.map((host) => {
    // A route reads of other services only what a VirtualService or an external name names.
    const readsOthers = host.virtualService !== undefined || host.service?.externalName !== undefined;
    const others = readsOthers ? [lookup.destinationsVersion] : [];
    const rule = host.service === undefined ? undefined : lookup.destinationRule(host.service);
    return memo.get(
      'virtual-host',
      [host.name, viewKey(view), settings, host.service, host.virtualService, rule, ...others],
      () => translateVirtualHost(host, environment),
    );
  });
  return memo.get('route', [plan.name, plan.sniffed, settings, ...virtualHosts], () => {
    const translated = translateRouteConfiguration({ name: plan.name, sniffed: plan.sniffed, virtualHosts, settings });
    return {
      resource: encodeResource('route', plan.name, RouteConfigurationSchema, translated.routeConfiguration),
      problems: [...virtualHosts.flatMap(({ problems }) => problems), ...translated.problems],
    };
  });
}
