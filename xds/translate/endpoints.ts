import type { Fields } from '../envoy/fields.ts';
import { create } from '@bufbuild/protobuf';
import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import { HealthStatus } from '../envoy/gen/envoy/config/core/v3/health_check_pb.js';
import type { ClusterLoadAssignment } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { LbEndpointSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_components_pb.js';
import type { Endpoint } from '../model/endpoint.ts';
import { carriesLabels } from '../model/label-selector.ts';
import type { ServicePort } from '../model/service.ts';
import { socketAddress } from './address.ts';

/** All that the endpoints of one cluster follow from. */
export interface EndpointsInput {
  readonly clusterName: string;
  readonly port: Pick<ServicePort, 'name'>;
  /** Labels of the cluster's subset; all endpoints without. */
  readonly subsetLabels?: Readonly<Record<string, string>> | undefined;
  /** Endpoints of the service, all ports. */
  readonly endpoints: readonly Endpoint[];
  readonly trafficPolicy?: TrafficPolicy | undefined;
}

/** The endpoints of a cluster by locality, in the order of localities and addresses; unhealthy ones are left out. */
export function translateEndpoints(input: EndpointsInput): ClusterLoadAssignment {
  const chosen = input.endpoints.filter(
    (endpoint) =>
      endpoint.servicePort === input.port.name &&
      endpoint.health !== 'unhealthy' &&
      carriesLabels(endpoint.labels, input.subsetLabels),
  );
  const localities = [...Map.groupBy(chosen, localityKey)].sort(([a], [b]) => (a < b ? -1 : 1));
  return create(ClusterLoadAssignmentSchema, {
    clusterName: input.clusterName,
    endpoints: localities.map(([, endpoints]) => ({
      ...localityOf(endpoints[0]),
      loadBalancingWeight: endpoints.length,
      lbEndpoints: [...endpoints].sort(byAddress).map(translateEndpoint),
    })),
  });
}

function localityKey({ locality }: Endpoint): string {
  return locality === undefined ? '' : `${locality.region}/${locality.zone}`;
}

function localityOf(endpoint: Endpoint | undefined) {
  return endpoint?.locality === undefined ? {} : { locality: { ...endpoint.locality } };
}

function byAddress(a: Endpoint, b: Endpoint): number {
  return a.address < b.address ? -1 : a.address > b.address ? 1 : a.port - b.port;
}

function translateEndpoint(endpoint: Endpoint): Fields<typeof LbEndpointSchema> {
  const { address, port, health, tlsMode, workload, namespace } = endpoint;
  return {
    hostIdentifier: { case: 'endpoint', value: { address: socketAddress(address, port) } },
    healthStatus: health === 'draining' ? HealthStatus.DRAINING : HealthStatus.HEALTHY,
    metadata: {
      filterMetadata: {
        ...(tlsMode === 'istio' ? { 'envoy.transport_socket_match': { tlsMode: 'istio' } } : {}),
        istio: {
          workload: `${workload ?? ''};${namespace};${endpoint.labels['app'] ?? ''};${endpoint.labels['version'] ?? ''};Kubernetes`,
        },
      },
    },
    loadBalancingWeight: 1,
  };
}
