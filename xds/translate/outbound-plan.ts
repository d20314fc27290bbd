import { ports } from '../../lib/ports.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Problem } from '../model/problem.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { isHttp } from '../model/service.ts';
import { ipFamiliesOf, isIpv6, wildcards } from './address.ts';
import type { Layer4Route } from './layer4-route.ts';

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

/** What the listeners of a view follow from. */
export interface OutboundPlanInput {
  /** Services that the view sees, in any order. */
  readonly services: readonly Service[];
  /** Endpoints of a headless service: each pod's address gets a listener of its own. */
  readonly endpointsOf?: (service: Service) => readonly Endpoint[];
  /** Where connections to a TCP or sniffed port go, see `layer4RoutesFor`. */
  readonly routesOf: (service: Service, port: ServicePort) => readonly Layer4Route[];
}

export interface OutboundPlan {
  /** By name. */
  readonly listeners: readonly ListenerPlan[];
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
 * Which listeners the sidecars of a view have. HTTP ports of one number share one, since requests carry their host;
 * every other port has its own at the service's addresses, for a headless service at each pod's. Of two services that
 * claim the same address and port the older wins.
 */
export function planOutboundListeners(input: OutboundPlanInput): OutboundPlan {
  const plans = new Map<string, ListenerPlan>();
  const problems: Problem[] = [];
  const services = [...input.services].sort(byAge);
  // The families of the cluster, which its services' addresses tell: no sidecar is asked, so that all see the same.
  const anyAddress = wildcards(ipFamiliesOf(services.flatMap((service) => service.addresses)));
  for (const service of services) {
    for (const servicePort of service.ports) {
      if (isHttp(servicePort.protocol)) {
        if (reservedPorts.has(servicePort.port)) problems.push(reserved(service, servicePort));
        else add(plans, httpPlan(servicePort.port, anyAddress));
        continue;
      }
      for (const plan of servicePlans(service, servicePort, input)) {
        const taken = add(plans, plan);
        if (taken !== undefined && service.kind !== 'headless') problems.push(conflict(plan, taken));
      }
    }
  }
  return { listeners: [...plans.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

/** Adds a plan unless there is one of that name, which is returned then. */
function add(plans: Map<string, ListenerPlan>, plan: ListenerPlan): ListenerPlan | undefined {
  const taken = plans.get(plan.name);
  if (taken === undefined) plans.set(plan.name, plan);
  return taken;
}

function httpPlan(port: number, addresses: readonly [string, ...string[]]): HttpListenerPlan {
  return { kind: 'http', name: listenerName(addresses[0], port), addresses, port, routeName: String(port) };
}

function servicePlans(service: Service, servicePort: ServicePort, input: OutboundPlanInput): ServiceListenerPlan[] {
  const sets = addressSets(service, servicePort, input);
  const routes = sets.length === 0 ? [] : input.routesOf(service, servicePort);
  return sets.map((addresses) => ({
    kind: 'service',
    name: listenerName(addresses[0], servicePort.port),
    addresses,
    port: servicePort.port,
    detection: servicePort.protocol === 'auto' ? 'auto' : 'tcp',
    routeName: `${service.hostname}:${String(servicePort.port)}`,
    service,
    servicePort,
    routes,
  }));
}

/** The addresses of each listener; none for an external name, whose address is that of another host. */
function addressSets(
  service: Service,
  servicePort: ServicePort,
  input: OutboundPlanInput,
): readonly (readonly [string, ...string[]])[] {
  if (service.kind === 'headless') {
    const serving = (input.endpointsOf?.(service) ?? []).filter(
      (endpoint) => endpoint.servicePort === servicePort.name,
    );
    return [...new Set(serving.map((endpoint) => endpoint.address))].sort().map((address) => [address] as const);
  }
  const [first, ...others] = service.kind === 'cluster-ip' ? service.addresses : [];
  return first === undefined ? [] : [[first, ...others]];
}

function listenerName(address: string, port: number): string {
  return `${isIpv6(address) ? `[${address}]` : address}_${String(port)}`;
}

function byAge(a: Service, b: Service): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return a.hostname < b.hostname ? -1 : 1;
}

function reserved(service: Service, servicePort: ServicePort): Problem {
  return {
    object: `Service/${service.namespace}/${service.name}`,
    path: `spec.ports[${String(service.ports.indexOf(servicePort))}]`,
    message: `port ${String(servicePort.port)} belongs to the sidecar itself: clients in the mesh do not reach it as HTTP; use another port`,
  };
}

function conflict(plan: ServiceListenerPlan, taken: ListenerPlan): Problem {
  const { service, servicePort } = plan;
  const winner = taken.kind === 'service' ? taken.service.hostname : taken.name;
  return {
    object: `Service/${service.namespace}/${service.name}`,
    path: `spec.ports[${String(service.ports.indexOf(servicePort))}]`,
    message: `${plan.addresses[0]}:${String(plan.port)} is also an address of ${winner}, which is older and takes its traffic`,
  };
}
