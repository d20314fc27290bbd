import { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { ListenerSchema } from '../envoy/gen/envoy/config/listener/v3/listener_pb.js';
import { ipFamiliesOf } from '../model/ip-families.ts';
import type { Mesh } from '../model/mesh.ts';
import type { MutualTlsMode } from '../model/mesh-settings.ts';
import { mutualTlsModeOf } from '../model/peer-authentication.ts';
import { objectName } from '../model/problem.ts';
import type { InboundPort, Workload } from '../model/workload.ts';
import { virtualInbound } from '../translate/inbound-listener.ts';
import { virtualOutbound } from '../translate/outbound-listener.ts';
import { staticClusters, translateInboundCluster } from '../translate/static-clusters.ts';
import { inboundPortsOf } from './inbound-ports.ts';
import type { EncodedResource } from './resource.ts';
import { encodeResource } from './resource.ts';
import type { SharedResults } from './shared-results.ts';

export interface WorkloadResources {
  readonly clusters: readonly EncodedResource[];
  readonly listeners: readonly EncodedResource[];
}

/** A sidecar's own part: its inbound side, and what depends on its address families. Equal pods share it. */
export function workloadResources(mesh: Mesh, workload: Workload, shared: SharedResults): WorkloadResources {
  const { settings } = mesh;
  const policies = mesh.peerAuthentications(workload.namespace);
  const families = ipFamiliesOf(workload.addresses);
  const inboundPorts = inboundPortsOf(mesh, workload);
  const mutualTls = mutualTlsModeOf(policies, settings, workload);
  const portModes = singlePortModes(mesh, workload);
  const inputs = [
    settings,
    families.ipv4,
    families.ipv6,
    mutualTls,
    JSON.stringify([...portModes]),
    ...inboundPorts.flatMap(({ port, service, servicePort, mutualTls: mode }) => [port, service, servicePort, mode]),
  ];
  return shared.get('workload', inputs, () => {
    const clusters = [
      ...staticClusters(settings, families),
      ...inboundPorts.map((port: InboundPort) => translateInboundCluster(port, settings, families)),
    ];
    const listeners = [
      virtualOutbound(settings, families),
      virtualInbound({ families, inboundPorts, mutualTls, portModes, settings }),
    ];
    const objects = [objectName('Pod', { name: workload.pod, namespace: workload.namespace })];
    return {
      clusters: clusters.map((cluster) => encodeResource('cluster', cluster.name, ClusterSchema, cluster, objects)),
      listeners: listeners.map((listener) =>
        encodeResource('listener', listener.name, ListenerSchema, listener, objects),
      ),
    };
  });
}

/** Ports that some PeerAuthentication of the workload singles out. */
function singlePortModes(mesh: Mesh, workload: Workload): ReadonlyMap<number, MutualTlsMode> {
  const policies = mesh.peerAuthentications(workload.namespace);
  const ports = policies
    .filter(({ metadata }) => metadata.namespace === workload.namespace)
    .flatMap(({ spec }) => Object.keys(spec.portLevelMtls ?? {}))
    .map(Number);
  const sorted = [...new Set(ports)].sort((a, b) => a - b);
  return new Map(sorted.map((port) => [port, mutualTlsModeOf(policies, mesh.settings, workload, port)]));
}
