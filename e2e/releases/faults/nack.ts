import { create } from '@bufbuild/protobuf';
import type { Cluster } from '../../../xds/envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { Cluster_DiscoveryType, ClusterSchema } from '../../../xds/envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { staticClusters as right } from '../../../xds/translate/static-clusters.ts';

export * from '../../../xds/translate/static-clusters.ts';

/** Of `xds/translate/static-clusters.ts`: with one more, which Envoy refuses, since nothing says where its endpoints are. */
export function staticClusters(...input: Parameters<typeof right>): readonly Cluster[] {
  const refused = create(ClusterSchema, {
    name: 'RefusedCluster',
    clusterDiscoveryType: { case: 'type', value: Cluster_DiscoveryType.EDS },
  });
  return [...right(...input), refused];
}
