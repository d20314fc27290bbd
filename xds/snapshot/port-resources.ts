import type { DestinationRule } from '../../crds/destination-rule.ts';
import { spiffeId } from '../../lib/identity.ts';
import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { dependsOnClientPlace } from '../model/client-place.ts';
import { trafficPolicyFor } from '../model/destination-rules.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { outboundClusterName } from '../model/names.ts';
import { inferServiceMutualTls } from '../model/peer-authentication.ts';
import { objectName } from '../model/problem.ts';
import type { Service, ServicePort } from '../model/service.ts';
import { viewKey } from '../model/view.ts';
import { goesToOriginalDestination, translateOutboundClusters } from '../translate/cluster.ts';
import { translateEndpoints } from '../translate/endpoints.ts';
import type { ClientPlace } from '../translate/locality.ts';
import type { EncodedResource } from './resource.ts';
import { encodeResource } from './resource.ts';
import type { VisibleMesh } from './visible-mesh.ts';

/** A service as a view sees it. */
export interface VisibleService {
  readonly service: Service;
  readonly rule: DestinationRule | undefined;
  readonly endpoints: readonly Endpoint[];
}

/** The clusters of one port of a service: the whole of it and each subset. */
export function clusterResources(
  visible: VisibleMesh,
  { service, rule: destinationRule, endpoints: all }: VisibleService,
  port: ServicePort,
): readonly EncodedResource[] {
  const { mesh } = visible;
  const { settings } = mesh;
  const identities = visible.share('identities', [all, settings, port], () =>
    endpointIdentities(all, port, settings.trustDomain),
  );
  const { serviceAccounts, everyEndpointHasSidecar } = identities;
  const policies = mesh.peerAuthentications(service.namespace);
  const serverMutualTls = inferServiceMutualTls(policies, settings, service);
  const input = { service, port, destinationRule, serverMutualTls, serviceAccounts, everyEndpointHasSidecar, settings };
  return visible.share(
    'clusters',
    [service, port, destinationRule, serverMutualTls, serviceAccounts.join(), everyEndpointHasSidecar, settings],
    () =>
      translateOutboundClusters(input).map((cluster) =>
        encodeResource('cluster', cluster.name, ClusterSchema, cluster, objectsOf(service, destinationRule)),
      ),
  );
}

/** The endpoints of one port of a service and of each subset, for the clusters that ask for them by EDS. */
export function endpointResources(
  visible: VisibleMesh,
  { service, rule, endpoints }: VisibleService,
  port: ServicePort,
): readonly EncodedResource[] {
  if (service.kind === 'external-name') return [];
  const { view } = visible;
  const placed = [undefined, ...(rule?.spec.subsets ?? [])].some((subset) =>
    dependsOnClientPlace(trafficPolicyFor(rule, port, subset)),
  );
  const client = placed ? { locality: view.locality, labels: view.sourceLabels } : {};
  return visible.share(
    'endpoint-resources',
    [service, port, rule, endpoints, placed ? viewKey({ ...view, namespace: '' }) : ''],
    () => encodeEndpoints({ service, port, rule, endpoints, client }),
  );
}

/** The objects that what is made of a service comes from. */
export function objectsOf(service: Service, rule: DestinationRule | undefined): readonly string[] {
  const ofService = objectName('Service', service);
  return rule === undefined ? [ofService] : [ofService, objectName('DestinationRule', rule.metadata)];
}

function endpointIdentities(endpoints: readonly Endpoint[], port: ServicePort, trustDomain: string) {
  const serving = endpoints.filter(({ servicePort }) => servicePort === port.name);
  const identities = serving.flatMap(({ namespace, serviceAccount }) =>
    serviceAccount === undefined ? [] : [spiffeId({ trustDomain, namespace, serviceAccount })],
  );
  return {
    serviceAccounts: [...new Set(identities)].sort(),
    everyEndpointHasSidecar: serving.length > 0 && serving.every(({ tlsMode }) => tlsMode === 'istio'),
  };
}

interface EndpointInputs extends VisibleService {
  readonly port: ServicePort;
  readonly client: ClientPlace;
}

function encodeEndpoints({ service, port, rule, endpoints, client }: EndpointInputs): readonly EncodedResource[] {
  return [undefined, ...(rule?.spec.subsets ?? [])].flatMap((subset) => {
    const trafficPolicy = trafficPolicyFor(rule, port, subset);
    if (goesToOriginalDestination(service, trafficPolicy)) return [];
    const clusterName = outboundClusterName(port.port, subset?.name ?? '', service.hostname);
    const assignment = translateEndpoints({
      clusterName,
      port,
      subsetLabels: subset?.labels,
      endpoints,
      trafficPolicy,
      client,
    });
    return [encodeResource('endpoint', clusterName, ClusterLoadAssignmentSchema, assignment, objectsOf(service, rule))];
  });
}
