import { typedConfig } from '../envoy/any.ts';
import type { Fields } from '../envoy/fields.ts';
import type { ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { DnsLookupFamily } from '../envoy/gen/envoy/extensions/clusters/common/dns/v3/dns_pb.js';
import { DnsClusterSchema } from '../envoy/gen/envoy/extensions/clusters/dns/v3/dns_cluster_pb.js';
import type { Service, ServicePort } from '../model/service.ts';
import { socketAddress } from './address.ts';
import { milliseconds } from './duration.ts';

type ClusterInit = Fields<typeof ClusterSchema>;

/** How often a name without a TTL is looked up again, and the spread of it (Istio's defaults), in milliseconds. */
const dnsRefreshMs = 60_000;
const dnsJitterMs = 100;

/** The part of a cluster that finds the host behind an ExternalName service by DNS, all of its addresses (Envoy's
 * strict DNS). */
export function externalNameCluster(service: Service, port: ServicePort, clusterName: string): ClusterInit {
  return {
    clusterDiscoveryType: {
      case: 'clusterType',
      value: {
        name: 'envoy.cluster.dns',
        typedConfig: typedConfig(DnsClusterSchema, {
          dnsLookupFamily: DnsLookupFamily.V4_PREFERRED,
          respectDnsTtl: true,
          dnsRefreshRate: milliseconds(dnsRefreshMs),
          dnsJitter: milliseconds(dnsJitterMs),
        }),
      },
    },
    loadAssignment: {
      clusterName,
      endpoints: [
        {
          lbEndpoints: [
            {
              hostIdentifier: {
                case: 'endpoint',
                value: { address: socketAddress(service.externalName ?? '', port.port) },
              },
            },
          ],
        },
      ],
    },
  };
}
