import type { Destination, VirtualService } from '../../crds/virtual-service.ts';
import type { Destinations } from '../model/destinations.ts';
import { resolveHostname } from '../model/hostname.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { outboundClusterName } from '../model/names.ts';
import type { Report } from '../model/problem.ts';
import type { Hostname, Service } from '../model/service.ts';
import type { View } from '../model/view.ts';

/** What the rules of a VirtualService are translated for. */
export interface RouteContext {
  readonly virtualService: VirtualService;
  readonly view: View;
  /** The port whose traffic is routed. */
  readonly port: number;
  readonly settings: MeshSettings;
  readonly destinations: Destinations;
}

/** The cluster that a destination means. */
export interface ResolvedDestination {
  readonly cluster: string;
  readonly hostname: Hostname;
  readonly port: number;
  readonly subset?: string;
}

/**
 * Finds the cluster of a destination: a short host name is completed with the VirtualService's namespace; the port is
 * the one given, else the service's only one, else the one being routed. A destination that nobody knows gets a cluster
 * name too, and Envoy answers 503 for it; the problem is reported.
 */
export function resolveDestination(
  destination: Destination,
  context: RouteContext,
  report: Report,
): ResolvedDestination {
  const { destinations, settings, virtualService } = context;
  const namespace = virtualService.metadata.namespace ?? '';
  const written = resolveHostname(destination.host, namespace, settings.clusterDomain);
  const service = destinations.service(written);
  const port = portOf(destination, service, context.port);
  const hostname = aliasedHostname(service, destinations) ?? written;
  const subset = destination.subset === '' ? undefined : destination.subset;
  if (service === undefined) report('host', unknownHost(written, context));
  else if (!service.ports.some((it) => it.port === port)) {
    report('port.number', `${written} has no port ${port}; requests are answered with 503`);
  } else if (subset !== undefined && !destinations.hasSubset(hostname, subset)) {
    report('subset', `no DestinationRule of ${hostname} names a subset "${subset}"; requests are answered with 503`);
  }
  const resolved = { cluster: outboundClusterName(port, subset ?? '', hostname), hostname, port };
  return subset === undefined ? resolved : { ...resolved, subset };
}

/** The host of a service that is a name for another service of the mesh; undefined for any other service. */
export function aliasedHostname(service: Service | undefined, destinations: Destinations): Hostname | undefined {
  if (service?.externalName === undefined) return undefined;
  return destinations.service(service.externalName)?.hostname;
}

function portOf(destination: Destination, service: Service | undefined, routed: number): number {
  if (destination.port?.number !== undefined && destination.port.number !== 0) return destination.port.number;
  const [first, second] = service?.ports ?? [];
  return first !== undefined && second === undefined ? first.port : routed;
}

function unknownHost(hostname: Hostname, { destinations, settings, view }: RouteContext): string {
  const fuller = `${hostname}.svc.${settings.clusterDomain}`;
  const hint = destinations.service(fuller) === undefined ? '' : ` (write ${fuller})`;
  return `namespace "${view.namespace}" sees no service ${hostname}${hint}; requests are answered with 503`;
}
