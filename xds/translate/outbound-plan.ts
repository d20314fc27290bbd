import { ports } from '../../lib/ports.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import { isIpv6 } from '../model/ip-families.ts';
import type { Problem } from '../model/problem.ts';
import { objectName } from '../model/problem.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { isHttp } from '../model/service.ts';
import { wildcards } from './address.ts';
import type { Layer4Route } from './layer4-route.ts';
import { portRouteName, sniffedRouteName } from './route-plan.ts';

/** The shared listener of an HTTP port: whatever service a request is for, its host says. */
export interface HttpListenerPlan {
  readonly kind: 'http';
  /** `0.0.0.0_<port>`, or `[::]_<port>` where there is no IPv4. */
  readonly name: string;
  readonly addresses: readonly [string, ...string[]];
  readonly port: number;
  /** Name of the route configuration: the port. */
  readonly routeName: string;
}

/** The listener of one TCP or sniffed port of a service, at the service's own addresses. */
export interface ServiceListenerPlan {
  readonly kind: 'service';
  /** `<first address>_<port>`. */
  readonly name: string;
  readonly addresses: readonly [string, ...string[]];
  readonly port: number;
  readonly detection: 'tcp' | 'auto';
  /** Name of the route configuration for what is found to be HTTP: `<host>:<port>`. */
  readonly routeName: string;
  readonly service: Service;
  readonly servicePort: ServicePort;
  /** Where connections go that are not HTTP; the last is for all that none of the others is for. */
  readonly routes: readonly Layer4Route[];
}

export type ListenerPlan = HttpListenerPlan | ServiceListenerPlan;

/** What the listeners of a service follow from. */
export interface OutboundPlanInput {
  readonly service: Service;
  /** Endpoints of the service: where it is headless, each pod's address gets a listener of its own. */
  readonly endpoints: readonly Endpoint[];
  /** Where connections to a TCP or sniffed port go, see `layer4RoutesFor`. */
  readonly routesOf: (port: ServicePort) => readonly Layer4Route[];
}

export interface OutboundPlan {
  /** HTTP ports that the service needs the shared listener of, see {@link httpListenerPlan}. */
  readonly httpPorts: readonly number[];
  /** Listeners at addresses of the service; another service may claim the same, see {@link goesBefore}. */
  readonly listeners: readonly ServiceListenerPlan[];
  readonly problems: readonly Problem[];
}

/** Ports that listeners of the sidecar itself are bound to on all addresses. */
const reservedPorts: ReadonlySet<number> = new Set([
  ports.outbound,
  ports.inbound,
  ports.health,
  ports.envoyPrometheus,
]);

/**
 * Which listeners the sidecars of a view have for a service. HTTP ports of one number share one, since requests carry
 * their host; every other port has its own at the service's addresses, for a headless service at each pod's.
 */
export function planOutboundListeners(input: OutboundPlanInput): OutboundPlan {
  const { service } = input;
  const httpPorts = new Set<number>();
  const listeners: ServiceListenerPlan[] = [];
  const problems: Problem[] = [];
  for (const servicePort of service.ports) {
    if (!isHttp(servicePort.protocol)) listeners.push(...servicePlans(servicePort, input));
    else if (reservedPorts.has(servicePort.port)) problems.push(reserved(service, servicePort));
    else httpPorts.add(servicePort.port);
  }
  return { httpPorts: [...httpPorts], listeners, problems };
}

/** The shared listener of an HTTP port, for the address families of the cluster: no sidecar is asked, so that all see the same. */
export function httpListenerPlan(port: number, families: IpFamilies): HttpListenerPlan {
  const addresses = wildcards(families);
  return { kind: 'http', name: listenerName(addresses[0], port), addresses, port, routeName: portRouteName(port) };
}

/** Whether one of two listeners of the same name is there and not the other: the older service has it. */
export function goesBefore(a: ServiceListenerPlan, b: ServiceListenerPlan): boolean {
  if (a.service.createdAt !== b.service.createdAt) return a.service.createdAt < b.service.createdAt;
  return a.service.hostname < b.service.hostname;
}

/** What is to be said of a listener that another one of its name goes before; nothing for a pod of several headless services. */
export function conflictProblem(plan: ServiceListenerPlan, taken: ServiceListenerPlan): Problem | undefined {
  const { service, servicePort } = plan;
  if (service.kind === 'headless') return undefined;
  return {
    object: objectName('Service', service),
    path: `spec.ports[${String(service.ports.indexOf(servicePort))}]`,
    message: `${plan.addresses[0]}:${String(plan.port)} is also an address of ${taken.service.hostname}, which is older and takes its traffic`,
  };
}

function servicePlans(servicePort: ServicePort, input: OutboundPlanInput): ServiceListenerPlan[] {
  const { service } = input;
  const sets = addressSets(servicePort, input);
  const routes = sets.length === 0 ? [] : input.routesOf(servicePort);
  return sets.map((addresses) => ({
    kind: 'service',
    name: listenerName(addresses[0], servicePort.port),
    addresses,
    port: servicePort.port,
    detection: servicePort.protocol === 'auto' ? 'auto' : 'tcp',
    routeName: sniffedRouteName(service.hostname, servicePort.port),
    service,
    servicePort,
    routes,
  }));
}

/** The addresses of each listener; none for an external name, whose address is that of another host. */
function addressSets(
  servicePort: ServicePort,
  { service, endpoints }: OutboundPlanInput,
): readonly (readonly [string, ...string[]])[] {
  if (service.kind === 'headless') {
    const serving = endpoints.filter((endpoint) => endpoint.servicePort === servicePort.name);
    return [...new Set(serving.map((endpoint) => endpoint.address))].sort().map((address) => [address] as const);
  }
  const [first, ...others] = service.kind === 'cluster-ip' ? service.addresses : [];
  return first === undefined ? [] : [[first, ...others]];
}

function listenerName(address: string, port: number): string {
  return `${isIpv6(address) ? `[${address}]` : address}_${String(port)}`;
}

function reserved(service: Service, servicePort: ServicePort): Problem {
  return {
    object: objectName('Service', service),
    path: `spec.ports[${String(service.ports.indexOf(servicePort))}]`,
    message: `port ${String(servicePort.port)} belongs to the sidecar itself: clients in the mesh do not reach it as HTTP; use another port`,
  };
}
