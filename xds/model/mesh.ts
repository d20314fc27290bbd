import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { Endpoint, Locality } from './endpoint.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Hostname, Service } from './service.ts';
import type { Workload } from './workload.ts';

/**
 * The mesh as plain data that does not change: the input of translation. Lists are in a fixed order (services by host
 * name, rules by creation and then by namespace and name), so that equal meshes give equal output.
 */
export interface Mesh {
  readonly settings: MeshSettings;
  readonly services: ReadonlyMap<Hostname, Service>;
  readonly endpoints: ReadonlyMap<Hostname, readonly Endpoint[]>;
  readonly virtualServices: readonly VirtualService[];
  readonly destinationRules: readonly DestinationRule[];
  readonly peerAuthentications: readonly PeerAuthentication[];
  /** Workloads by IP address. */
  readonly workloads: ReadonlyMap<string, Workload>;
  /** Where a node is, as far as its labels say. */
  localityOf(node: string): Locality | undefined;
  /** Hosts of the services that have an endpoint at the address, sorted. */
  hostsAt(address: string): readonly Hostname[];
}
