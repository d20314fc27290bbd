import { create } from '@bufbuild/protobuf';
import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import type { Fields } from '../envoy/fields.ts';
import { HealthStatus } from '../envoy/gen/envoy/config/core/v3/health_check_pb.js';
import type { LbEndpointSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import type { ClusterLoadAssignment } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Endpoint } from '../model/endpoint.ts';
import { carriesLabels } from '../model/label-selector.ts';
import type { ServicePort } from '../model/service.ts';
import { socketAddress } from './address.ts';
import type { ClientPlace } from './locality.ts';
import { localityGroups } from './locality.ts';

/** All that the endpoints of one cluster follow from. */
export interface EndpointsInput {
  readonly clusterName: string;
  readonly port: Pick<ServicePort, 'name'>;
  /** Labels of the cluster's subset; all endpoints without. */
  readonly subsetLabels?: Readonly<Record<string, string>> | undefined;
  /** Endpoints of the service, all ports. */
  readonly endpoints: readonly Endpoint[];
  readonly trafficPolicy?: TrafficPolicy | undefined;
  /** Where the client is, for policies that prefer what is near, see `dependsOnClientPlace`. */
  readonly client?: ClientPlace;
}

/** The endpoints of a cluster by locality, in the order of localities and addresses; unhealthy ones are left out. */
export function translateEndpoints(input: EndpointsInput): ClusterLoadAssignment {
  const chosen = serving(
    input.endpoints.filter(
      ({ servicePort, labels }) => servicePort === input.port.name && carriesLabels(labels, input.subsetLabels),
    ),
  );
  return create(ClusterLoadAssignmentSchema, {
    clusterName: input.clusterName,
    endpoints: localityGroups(chosen, input.trafficPolicy, input.client).map((group) => ({
      locality: group.locality === undefined ? undefined : { ...group.locality },
      loadBalancingWeight: group.weight,
      priority: group.priority,
      lbEndpoints: [...group.endpoints].sort(byAddress).map(translateEndpoint),
    })),
  });
}

/** Healthy endpoints, and draining ones for as long as there is no other: kube-proxy sends to those, too. */
function serving(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const healthy = endpoints.some(({ health }) => health === 'healthy');
  return endpoints
    .filter(({ health }) => health !== 'unhealthy')
    .map((endpoint) => (healthy ? endpoint : { ...endpoint, health: 'healthy' }));
}

function byAddress(a: Endpoint, b: Endpoint): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port;
}

function translateEndpoint({ address, port, health, tlsMode }: Endpoint): Fields<typeof LbEndpointSchema> {
  return {
    hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address, port) } },
    healthStatus: health === 'draining' ? HealthStatus.DRAINING : HealthStatus.HEALTHY,
    ...(tlsMode === 'istio'
      ? { metadata: { filterMetadata: { 'envoy.transport_socket_match': { tlsMode: 'istio' } } } }
      : {}),
  };
}
