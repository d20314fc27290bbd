import type { VirtualService } from '../../crds/virtual-service.ts';
import type { Hostname, Service, ServicePort } from '../model/service.ts';
import { isHttp } from '../model/service.ts';

/** One virtual host to be: what it is for and the rules that hold for it, if any. */
export interface VirtualHostPlan {
  /** The route configuration that it is in: the port, or `<host>:<port>` where it is sniffed. */
  readonly routeName: string;
  readonly hostname: Hostname;
  readonly port: number;
  /** Names and addresses that requests give as their host, at least one; no other virtual host there has them. */
  readonly domains: readonly string[];
  /** The service of that name; undefined for a host that only a VirtualService knows. */
  readonly service?: Service;
  readonly virtualService?: VirtualService;
}

/** Whether requests to the port may be HTTP: it says so, or says nothing and is sniffed. */
export function isRouted(port: ServicePort): boolean {
  return isHttp(port.protocol) || port.protocol === 'auto';
}

/**
 * The name of a virtual host, `<route configuration>/<host>:<port>`: that of the resource where it comes by itself
 * (Envoy, VHDS), in which Envoy finds the route configuration before the slash.
 */
export function virtualHostName({ routeName, hostname, port }: VirtualHostPlan): string {
  return `${routeName}/${hostname}:${port}`;
}

/** The name of the route configuration that HTTP ports of a number share: the port. */
export function portRouteName(port: number): string {
  return String(port);
}

/** The name of the route configuration of a sniffed port: `<host>:<port>`. */
export function sniffedRouteName(hostname: Hostname, port: number): string {
  return `${hostname}:${port}`;
}
