import type { JsonObject } from '@bufbuild/protobuf';

/** For bootstraps of tests: a cluster that speaks gRPC to a Unix socket. */
export function pipeCluster(name: string, path: string): JsonObject {
  return {
    name,
    type: 'STATIC',
    typedExtensionProtocolOptions: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicitHttpConfig: { http2ProtocolOptions: {} },
      },
    },
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path } } } }] }],
    },
  };
}
