import type { VirtualService } from '../../crds/virtual-service.ts';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { isWildcard } from '../model/hostname.ts';
import type { VirtualServicesOfHost } from '../model/mesh.ts';
import type { Problem } from '../model/problem.ts';
import { objectName } from '../model/problem.ts';
import type { Hostname, Service, ServicePort } from '../model/service.ts';
import { hasHttpRulesFor, hostsOf, httpVirtualServiceFor, virtualServicesFor } from '../model/virtual-services.ts';
import type { VirtualHostPlan } from '../translate/route-plan.ts';
import { isRouted, portRouteName, sniffedRouteName, virtualHostName } from '../translate/route-plan.ts';
import { routeConfiguration } from '../translate/route-configuration.ts';
import { domainOf, serviceDomains } from '../translate/virtual-host-domains.ts';
import { translateVirtualHost } from '../translate/virtual-host.ts';
import type { EncodedResource } from './resource.ts';
import { encodeResource } from './resource.ts';
import type { VisibleMesh } from './visible-mesh.ts';

/** A virtual host of the shared route configuration of a port. */
export interface PortVirtualHost {
  readonly port: number;
  readonly resource: EncodedResource;
  readonly problems: readonly Problem[];
}

/** The route configuration of a sniffed port. */
export interface SniffedRoute {
  readonly resource: EncodedResource;
  readonly problems: readonly Problem[];
}

/** The virtual host of a routed port of a service, and what keeps it from a name that it might have had. */
export function planVirtualHost(
  visible: VisibleMesh,
  service: Service,
  rules: VirtualServicesOfHost,
  { port }: ServicePort,
): { readonly plan: VirtualHostPlan; readonly problems: readonly Problem[] } {
  const { hostname, externalName } = service;
  const { domains, problems } = domainsOf(visible, service, port);
  const virtualService =
    httpVirtualServiceFor(rules, visible.view, port) ?? virtualServiceOfAlias(visible, externalName, port);
  const plan = { routeName: portRouteName(port), hostname, port, domains, service };
  return { plan: virtualService === undefined ? plan : { ...plan, virtualService }, problems };
}

/** A name for another service of the mesh obeys the rules of that one, but for its own. */
function virtualServiceOfAlias(visible: VisibleMesh, externalName: string | undefined, port: number) {
  const aliased = externalName === undefined ? undefined : visible.service(externalName);
  if (aliased === undefined) return undefined;
  return httpVirtualServiceFor(visible.virtualServices(aliased.hostname), visible.view, port);
}

/**
 * The virtual hosts of a host that is no service. They stand on the ports of the services that the same VirtualService
 * is about, and on port 80 where it is about none (Istio's sidecars do the same). `naming` are the VirtualServices that
 * name it, the oldest first; each port is the first's that has rules for it.
 */
export function planOtherHost(
  visible: VisibleMesh,
  hostname: Hostname,
  naming: readonly VirtualService[],
): readonly VirtualHostPlan[] {
  const plans = new Map<number, VirtualHostPlan>();
  for (const virtualService of naming) {
    if ((virtualService.spec.http ?? []).length === 0) continue;
    const { usable } = visible.share('hosts', [virtualService, visible.mesh.settings], () =>
      hostsOf(virtualService, visible.mesh.settings),
    );
    const known = new Map(usable.map((host) => [host, servicesOf(visible, host)]));
    if ((known.get(hostname) ?? []).length > 0) continue;
    const services = [...known.values()].flat();
    const ports = new Set(services.flatMap((service) => service.ports.filter(isRouted).map((it) => it.port)));
    if (ports.size === 0) ports.add(80);
    for (const port of ports) {
      if (plans.has(port) || !hasHttpRulesFor(virtualService, visible.view, port)) continue;
      plans.set(port, {
        routeName: portRouteName(port),
        hostname,
        port,
        domains: [domainOf(hostname)],
        virtualService,
      });
    }
  }
  return [...plans.values()];
}

function servicesOf(visible: VisibleMesh, host: Hostname): readonly Service[] {
  if (isWildcard(host)) return visible.mesh.servicesMatching(host).filter((service) => visible.sees(service));
  const service = visible.service(host);
  return service === undefined ? [] : [service];
}

/**
 * The domains of a service's virtual host on a port. Envoy refuses a domain that stands twice in a route configuration
 * (Istio counts these as `pilot_vservice_dup_domain`): a VirtualService's host has its name before a service of which it
 * is a short name or an address, and of services that share an address the first by name has it.
 */
function domainsOf(visible: VisibleMesh, service: Service, port: number) {
  const all = serviceDomains(service, visible.view);
  const problems: Problem[] = [];
  const domains = all.filter((domain) => {
    const holder = domain === service.hostname ? undefined : holderOf(visible, service, domain, port);
    if (holder === undefined) return true;
    const message = `requests to ${domain} are taken by ${holder}, not by ${service.hostname}:${port}`;
    problems.push({ object: objectName('Service', service), path: '', message });
    return false;
  });
  return { domains: problems.length === 0 ? all : domains, problems };
}

/** Who else has a domain of a service on a port, as problems name it. */
function holderOf(visible: VisibleMesh, service: Service, domain: string, port: number): string | undefined {
  const name = domain.replace(/^\[(.*)\]$/, '$1');
  const naming = visible.mesh.virtualServicesNaming(name);
  if (naming.length > 0) {
    const obeyed = virtualServicesFor({ naming, covering: [], misnaming: [] }, visible.view);
    const plan = planOtherHost(visible, name, obeyed.naming).find((it) => it.port === port);
    if (plan?.virtualService !== undefined) return objectName('VirtualService', plan.virtualService.metadata);
  }
  if (!service.addresses.includes(name)) return undefined;
  const rivals = visible.mesh.servicesAt(name).filter(({ hostname }) => hostname < service.hostname);
  const rival = rivals.find((it) => visible.sees(it) && it.ports.some((its) => isRouted(its) && its.port === port));
  return rival === undefined ? undefined : objectName('Service', rival);
}

export function portVirtualHost(visible: VisibleMesh, plan: VirtualHostPlan): PortVirtualHost {
  const { settings } = visible.mesh;
  const { routeName, hostname, port, service, virtualService, domains } = plan;
  return visible.shareAsking(
    'virtual-host',
    [routeName, hostname, port, service, virtualService, domains.join(' '), settings],
    (environment) => {
      const { virtualHost, problems } = translateVirtualHost(plan, environment);
      const name = virtualHostName(plan);
      const resource = encodeResource('virtualHost', name, VirtualHostSchema, virtualHost, objectsOfPlan(plan));
      return { port, resource, problems };
    },
  );
}

/** The route configuration of a sniffed port: whatever host requests name, they are for the service. */
export function sniffedRoute(visible: VisibleMesh, plan: VirtualHostPlan): SniffedRoute {
  const { settings } = visible.mesh;
  const { hostname, port, service, virtualService } = plan;
  return visible.shareAsking('sniffed-route', [hostname, port, service, virtualService, settings], (environment) => {
    const routeName = sniffedRouteName(hostname, port);
    const { virtualHost, problems } = translateVirtualHost({ ...plan, routeName, domains: ['*'] }, environment);
    const configuration = routeConfiguration(routeName, [virtualHost]);
    const objects = objectsOfPlan(plan);
    const resource = encodeResource('route', routeName, RouteConfigurationSchema, configuration, objects);
    return { resource, problems };
  });
}

function objectsOfPlan({ service, virtualService }: VirtualHostPlan): readonly string[] {
  return [
    ...(virtualService === undefined ? [] : [objectName('VirtualService', virtualService.metadata)]),
    ...(service === undefined ? [] : [objectName('Service', service)]),
  ];
}
