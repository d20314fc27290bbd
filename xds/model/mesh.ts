import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { ClientTraits } from './client-traits.ts';
import type { Endpoint, Locality } from './endpoint.ts';
import type { IpFamilies } from './ip-families.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Problem } from './problem.ts';
import type { Hostname, Service } from './service.ts';
import type { Workload } from './workload.ts';

/** The VirtualServices about a host, their delegates' rules put in. */
export interface VirtualServicesOfHost {
  /** Those that name the host itself, the oldest first. */
  readonly naming: readonly VirtualService[];
  /** Those with a wildcard that covers it: the longest wildcard first, then the oldest. */
  readonly covering: readonly VirtualService[];
  /** Those of which no host can be used, by what they say. */
  readonly misnaming: readonly VirtualService[];
}

/**
 * The mesh as plain data that does not change, asked one question at a time: whoever asks can be told later that an
 * answer is another one. Objects in an answer keep their identity for as long as they are the same, and are in a fixed
 * order, so that equal meshes give equal output.
 */
export interface Mesh {
  readonly settings: MeshSettings;
  /** Address families of the services' own addresses. */
  readonly serviceFamilies: IpFamilies;
  service(host: Hostname): Service | undefined;
  endpoints(host: Hostname): readonly Endpoint[];
  /** Services whose host a wildcard covers, by host. */
  servicesMatching(wildcard: Hostname): readonly Service[];
  /** Services that an IP address is a cluster IP of, by host; more than one only where somebody forged a Service. */
  servicesAt(address: string): readonly Service[];
  virtualServices(host: Hostname): VirtualServicesOfHost;
  /**
   * The VirtualServices that name exactly another name or an address of a service. Who has asked for those of the
   * service's host is told of these, too.
   */
  virtualServicesNaming(otherName: string): readonly VirtualService[];
  /** What is wrong with a VirtualService as such, whoever sees it. */
  virtualServiceProblems(virtualService: VirtualService): readonly Problem[];
  /** DestinationRules whose host is, or covers, a host, the oldest first. */
  destinationRules(host: Hostname): readonly DestinationRule[];
  /** Policies of a namespace and of the whole mesh, the oldest first. */
  peerAuthentications(namespace: string): readonly PeerAuthentication[];
  workload(address: string): Workload | undefined;
  /** Hosts of the services that have an endpoint at the address, sorted. */
  hostsAt(address: string): readonly Hostname[];
  /** Services of a namespace that select workloads with these labels, by host. */
  servicesSelecting(namespace: string, labels: Readonly<Record<string, string>>): readonly Service[];
  /** Where a node is, as far as its labels say. */
  locality(node: string): Locality | undefined;
  /** What rules tell the clients of a service apart by. */
  clientTraits(): ClientTraits;
}

/** The questions that have an answer for each host, namespace, address or name; the others are asked without one. */
export type Question =
  | 'service'
  | 'endpoints'
  | 'servicesMatching'
  | 'virtualServices'
  | 'destinationRules'
  | 'peerAuthentications'
  | 'workload'
  | 'hostsAt'
  | 'servicesSelecting'
  | 'locality'
  | 'clientTraits';

/** A question whose answer is another one now. */
export interface MeshChange {
  readonly question: Question | 'settings';
  /** What it was asked about; for rules a wildcard stands for all hosts that it covers. */
  readonly about: string;
}
