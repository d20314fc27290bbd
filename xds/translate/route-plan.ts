import type { VirtualService } from '../../crds/virtual-service.ts';
import { hostnameMatches, isWildcard } from '../model/hostname.ts';
import type { Hostname, Service, ServicePort } from '../model/service.ts';
import { isHttp } from '../model/service.ts';
import type { VirtualServiceIndex } from '../model/virtual-services.ts';
import { hasHttpRulesFor, httpVirtualServiceFor } from '../model/virtual-services.ts';

/** One virtual host to be: what it is for and the rules that hold for it, if any. */
export interface VirtualHostPlan {
  /** `<host>:<port>`, unique within a route configuration (Istio's naming). */
  readonly name: string;
  readonly hostname: Hostname;
  readonly port: number;
  /** The service of that name; undefined for a host that only a VirtualService knows. */
  readonly service?: Service;
  readonly virtualService?: VirtualService;
}

/** One route configuration to be, by the name under which listeners ask for it. */
export interface RouteConfigurationPlan {
  readonly name: string;
  readonly port: number;
  /** Whether it serves one sniffed port alone, whatever host a request names. */
  readonly sniffed: boolean;
  /** By name. */
  readonly virtualHosts: readonly VirtualHostPlan[];
}

/** Whether requests to the port may be HTTP: it says so, or says nothing and is sniffed. */
export function isRouted(port: ServicePort): boolean {
  return isHttp(port.protocol) || port.protocol === 'auto';
}

/** The name of the route configuration of a port: `<port>` where it is HTTP, `<host>:<port>` where it is sniffed. */
export function routeConfigurationName(service: Service, port: ServicePort): string {
  return port.protocol === 'auto' ? virtualHostName(service.hostname, port.port) : String(port.port);
}

/** The name of a virtual host: `<host>:<port>`. */
export function virtualHostName(hostname: Hostname, port: number): string {
  return `${hostname}:${port}`;
}

/**
 * Which route configurations the sidecars of a view need and what is in each, by name. HTTP ports of one number share a
 * configuration, which also holds the sniffed services of that number and the hosts that only VirtualServices know.
 */
export function planRouteConfigurations(
  services: readonly Service[],
  index: VirtualServiceIndex,
): readonly RouteConfigurationPlan[] {
  const byHostname = new Map(services.map((service) => [service.hostname, service]));
  const shared = new Map<number, Map<string, VirtualHostPlan>>();
  const sniffed: RouteConfigurationPlan[] = [];
  const httpPorts = new Set<number>();
  for (const service of services) {
    for (const port of service.ports.filter(isRouted)) {
      const plan = planServicePort(service, port, index, byHostname);
      addTo(shared, plan);
      if (isHttp(port.protocol)) httpPorts.add(port.port);
      else sniffed.push({ name: plan.name, port: port.port, sniffed: true, virtualHosts: [plan] });
    }
  }
  for (const plan of planOtherHosts(services, index, byHostname)) addTo(shared, plan);
  const ofHttpPorts = [...httpPorts].map((port): RouteConfigurationPlan => {
    const virtualHosts = [...(shared.get(port)?.values() ?? [])].sort(byName);
    return { name: String(port), port, sniffed: false, virtualHosts };
  });
  return [...ofHttpPorts, ...sniffed].sort(byName);
}

type ServicesByHostname = ReadonlyMap<Hostname, Service>;

/** The virtual host of one port of a service. A name for another service obeys the rules of that one but for its own. */
function planServicePort(
  service: Service,
  port: ServicePort,
  index: VirtualServiceIndex,
  byHostname: ServicesByHostname,
): VirtualHostPlan {
  const { hostname, externalName } = service;
  const aliased = externalName === undefined ? undefined : byHostname.get(externalName);
  const virtualService =
    httpVirtualServiceFor(index, hostname, port.port) ??
    (aliased === undefined ? undefined : httpVirtualServiceFor(index, aliased.hostname, port.port));
  const plan = { name: virtualHostName(hostname, port.port), hostname, port: port.port, service };
  return virtualService === undefined ? plan : { ...plan, virtualService };
}

/**
 * Virtual hosts for hosts of VirtualServices that are no service. They stand on the ports of the services that the same
 * VirtualService is about, and on port 80 where it is about none (Istio's sidecars do the same).
 */
function planOtherHosts(
  services: readonly Service[],
  index: VirtualServiceIndex,
  byHostname: ServicesByHostname,
): readonly VirtualHostPlan[] {
  return index.virtualServices.flatMap((virtualService) => {
    if ((virtualService.spec.http ?? []).length === 0) return [];
    const hosts = index.hostsOf.get(virtualService) ?? [];
    const known = hosts.map((host) => servicesOf(host, services, byHostname));
    const ports = new Set(known.flat().flatMap((service) => service.ports.filter(isRouted).map((it) => it.port)));
    if (ports.size === 0) ports.add(80);
    const others = hosts.filter((_, position) => known[position]?.length === 0);
    return others.flatMap((hostname) =>
      [...ports]
        .filter((port) => hasHttpRulesFor(virtualService, index.view, port))
        .map((port) => ({ name: virtualHostName(hostname, port), hostname, port, virtualService })),
    );
  });
}

function servicesOf(host: Hostname, services: readonly Service[], byHostname: ServicesByHostname): readonly Service[] {
  if (isWildcard(host)) return services.filter((service) => hostnameMatches(host, service.hostname));
  const service = byHostname.get(host);
  return service === undefined ? [] : [service];
}

/** The first plan of a name stays: a service's own before others, older VirtualServices before younger ones. */
function addTo(shared: Map<number, Map<string, VirtualHostPlan>>, plan: VirtualHostPlan): void {
  const ofPort = shared.get(plan.port) ?? new Map<string, VirtualHostPlan>();
  shared.set(plan.port, ofPort);
  if (!ofPort.has(plan.name)) ofPort.set(plan.name, plan);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}
