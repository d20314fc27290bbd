import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { destinationRuleProblems } from '../model/destination-rule-problems.ts';
import { hostOf } from '../model/destination-rules.ts';
import { isExportedTo } from '../model/export-to.ts';
import type { VirtualServicesOfHost } from '../model/mesh.ts';
import type { Problem } from '../model/problem.ts';
import { objectName } from '../model/problem.ts';
import type { Hostname, Service, ServicePort } from '../model/service.ts';
import { layer4VirtualServicesFor, unusedRules } from '../model/virtual-services.ts';
import type { Layer4Routes } from '../translate/layer4-route.ts';
import { layer4RoutesFor } from '../translate/layer4-route.ts';
import { translateOutboundListener } from '../translate/outbound-listener.ts';
import type { ServiceListenerPlan } from '../translate/outbound-plan.ts';
import { planOutboundListeners } from '../translate/outbound-plan.ts';
import { isRouted } from '../translate/route-plan.ts';
import { clusterResources, endpointResources } from './port-resources.ts';
import type { EncodedResource } from './resource.ts';
import { encodeResource } from './resource.ts';
import type { PortVirtualHost, SniffedRoute } from './virtual-host-resources.ts';
import { planOtherHost, planVirtualHost, portVirtualHost, sniffedRoute } from './virtual-host-resources.ts';
import type { VisibleMesh } from './visible-mesh.ts';

/** A listener that a service claims; another service may have an older claim to its name. */
export interface ListenerClaim {
  readonly plan: ServiceListenerPlan;
  readonly resource: EncodedResource;
}

/** All that the sidecars of a view have on account of one host. */
export interface HostResources {
  /** One list for each port of the service. */
  readonly clusters: readonly (readonly EncodedResource[])[];
  readonly endpoints: readonly (readonly EncodedResource[])[];
  readonly listeners: readonly ListenerClaim[];
  /** HTTP ports of which the shared listener and route configuration are needed. */
  readonly httpPorts: readonly number[];
  readonly virtualHosts: readonly PortVirtualHost[];
  readonly sniffedRoutes: readonly SniffedRoute[];
  /** What is wrong with users' objects, but for that of virtual hosts and routes. */
  readonly problems: readonly Problem[];
  /** What it was made of, held with it so that others find it. */
  readonly uses: readonly object[];
}

/** Works out what a view has on account of a host. Views that see the same of it have the same object. */
export function hostResources(visible: VisibleMesh, host: Hostname): HostResources {
  const service = visible.service(host);
  const rules = visible.virtualServices(host);
  const ofRules = ruleProblems(visible, host, rules);
  return service === undefined
    ? otherHostResources(visible, host, rules, ofRules)
    : serviceResources(visible, service, rules, ofRules);
}

function otherHostResources(
  visible: VisibleMesh,
  host: Hostname,
  { naming }: VirtualServicesOfHost,
  problems: readonly Problem[],
): HostResources {
  if (naming.length === 0 && problems.length === 0) return nothing;
  const virtualHosts = planOtherHost(visible, host, naming).map((plan) => portVirtualHost(visible, plan));
  const uses = [...visible.used];
  const inputs = [host, ...uses, JSON.stringify(problems)];
  return visible.share('other-host', inputs, () => ({ ...nothing, virtualHosts, problems, uses }));
}

function serviceResources(
  visible: VisibleMesh,
  service: Service,
  rules: VirtualServicesOfHost,
  ofRules: readonly Problem[],
): HostResources {
  const problems = [...ofRules];
  const seen = { service, rule: visible.destinationRule(service), endpoints: visible.endpoints(service) };
  const clusters = service.ports.map((port) => clusterResources(visible, seen, port));
  const endpoints = service.ports.map((port) => endpointResources(visible, seen, port));
  const virtualHosts: PortVirtualHost[] = [];
  const sniffedRoutes: SniffedRoute[] = [];
  for (const port of service.ports.filter(isRouted)) {
    const { plan, problems: ofDomains } = planVirtualHost(visible, service, rules, port);
    problems.push(...ofDomains);
    virtualHosts.push(portVirtualHost(visible, plan));
    if (port.protocol === 'auto') sniffedRoutes.push(sniffedRoute(visible, plan));
  }
  const planned = planOutboundListeners({
    service,
    endpoints: service.kind === 'headless' ? visible.mesh.endpoints(service.hostname) : [],
    routesOf: (port) => {
      const { routes, problems: ofRoutes } = layer4Routes(visible, service, port, rules);
      problems.push(...ofRoutes);
      return routes;
    },
  });
  problems.push(...planned.problems);
  const { httpPorts } = planned;
  const listeners = planned.listeners.map((plan) => listenerClaim(visible, plan));
  const uses = [...visible.used];
  return visible.share('service', [service, ...uses, JSON.stringify(problems)], () => ({
    ...{ clusters, endpoints, listeners, httpPorts, virtualHosts, sniffedRoutes, problems, uses },
  }));
}

/** What is wrong with rules that name the host, whether or not there is a service of it. */
function ruleProblems(visible: VisibleMesh, host: Hostname, rules: VirtualServicesOfHost): readonly Problem[] {
  const { mesh, view } = visible;
  const problems = [...rules.naming, ...rules.misnaming].flatMap((it) => mesh.virtualServiceProblems(it));
  if (rules.naming.length > 1) problems.push(...unusedRules(host, rules.naming, view));
  for (const rule of mesh.destinationRules(host)) {
    const { metadata, spec } = rule;
    if (!isExportedTo(spec.exportTo, metadata.namespace ?? '', view.namespace)) continue;
    if (hostOf(rule, mesh.settings) !== host) continue;
    problems.push(...visible.share('destination-rule-problems', [rule], () => destinationRuleProblems(rule)));
  }
  return problems;
}

function layer4Routes(
  visible: VisibleMesh,
  service: Service,
  port: ServicePort,
  rules: VirtualServicesOfHost,
): Layer4Routes {
  const virtualServices = layer4VirtualServicesFor(rules);
  const inputs = [service, port, visible.mesh.settings, ...virtualServices];
  return visible.shareAsking('layer4-routes', inputs, (environment) =>
    layer4RoutesFor({ service, port: port.port, virtualServices, environment }),
  );
}

function listenerClaim(visible: VisibleMesh, plan: ServiceListenerPlan): ListenerClaim {
  const { name, addresses, service, servicePort, routes } = plan;
  const { settings } = visible.mesh;
  return visible.share('listener', [name, addresses.join(), settings, service, servicePort, routes], () => {
    const listener = translateOutboundListener(plan, settings);
    const objects = [objectName('Service', service)];
    return { plan, resource: encodeResource('listener', listener.name, ListenerSchema, listener, objects) };
  });
}

/** What a view has of a host that it does not see. */
export const nothing: HostResources = {
  clusters: [],
  endpoints: [],
  listeners: [],
  httpPorts: [],
  virtualHosts: [],
  sniffedRoutes: [],
  problems: [],
  uses: [],
};
