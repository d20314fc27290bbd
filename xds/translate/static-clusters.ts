import type { Fields } from '../envoy/fields.ts';
import { create } from '@bufbuild/protobuf';
import type { Cluster } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import {
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { BindConfigSchema } from '../envoy/gen/envoy/config/core/v3/address_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { blackHoleCluster, inboundClusterName, inboundPassthroughCluster, passthroughCluster } from '../model/names.ts';
import type { InboundPort } from '../model/workload.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import { circuitBreakers } from './connection-pool.ts';
import { milliseconds } from './duration.ts';
import { upstreamHttpOptions } from './upstream-http-options.ts';
import { upstreamProtocol } from './upstream-protocol.ts';

/**
 * Source addresses of connections from the sidecar to its own application; the traffic capture rules let them pass, so
 * that they do not come back to the sidecar (Istio's choice of numbers).
 */
const applicationBind = { ipv4: '127.0.0.6', ipv6: '::6' } as const;

/** A cluster of one address needs no sweeping; ten years are as good as never (Envoy takes at most 2^63 nanoseconds). */
const neverSwept = { seconds: 315_576_000n, nanos: 0 };

/** Clusters that every sidecar has: on to wherever the client wanted, nowhere, and to the own application's any port. */
export function staticClusters(
  settings: Pick<MeshSettings, 'connectTimeoutMs'>,
  families: IpFamilies,
): readonly Cluster[] {
  return [
    create(ClusterSchema, {
      name: blackHoleCluster,
      clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.STATIC },
      connectTimeout: milliseconds(settings.connectTimeoutMs),
    }),
    create(ClusterSchema, { ...toOriginalDestination(passthroughCluster, settings) }),
    create(ClusterSchema, {
      ...toOriginalDestination(inboundPassthroughCluster, settings),
      upstreamBindConfig: bindForApplication(families),
    }),
  ];
}

/**
 * The cluster that leads to the application's own port. It goes to the address that the client connected to, the pod's,
 * so that applications are reached which listen there or on all addresses (Istio since 1.10).
 */
export function translateInboundCluster(
  { port, protocol, service, servicePort }: InboundPort,
  settings: Pick<MeshSettings, 'connectTimeoutMs'>,
  families: IpFamilies,
): Cluster {
  return create(ClusterSchema, {
    ...toOriginalDestination(inboundClusterName(port), settings),
    typedExtensionProtocolOptions: upstreamHttpOptions({ protocol: upstreamProtocol(protocol, undefined) }),
    upstreamBindConfig: bindForApplication(families),
    cleanupInterval: neverSwept,
    metadata: {
      filterMetadata: {
        istio: {
          default_original_port: servicePort.port,
          services: [{ host: service.hostname, name: service.name, namespace: service.namespace }],
        },
      },
    },
  });
}

function toOriginalDestination(
  name: string,
  settings: Pick<MeshSettings, 'connectTimeoutMs'>,
): Fields<typeof ClusterSchema> {
  return {
    name,
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: milliseconds(settings.connectTimeoutMs),
    circuitBreakers: circuitBreakers(),
    typedExtensionProtocolOptions: upstreamHttpOptions({ protocol: 'client' }),
  };
}

function bindForApplication({ ipv4, ipv6 }: IpFamilies): Fields<typeof BindConfigSchema> {
  const bind = (address: string) => ({ address, portSpecifier: { case: 'portValue' as const, value: 0 } });
  const extra = ipv4 && ipv6 ? { extraSourceAddresses: [{ address: bind(applicationBind.ipv6) }] } : {};
  return { sourceAddress: bind(ipv4 ? applicationBind.ipv4 : applicationBind.ipv6), ...extra };
}
