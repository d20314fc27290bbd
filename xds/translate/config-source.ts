import { sidecar } from '../../lib/sidecar.ts';
import type { Fields } from '../envoy/fields.ts';
import type { ConfigSourceSchema } from '../envoy/gen/envoy/config/core/v3/config_source_pb.js';
import { ApiConfigSource_ApiType, ApiVersion } from '../envoy/gen/envoy/config/core/v3/config_source_pb.js';
import { milliseconds, zeroDuration } from './duration.ts';

/** Resources that come over the sidecar's own aggregated stream; Envoy waits for them without end. */
export const aggregated: Fields<typeof ConfigSourceSchema> = {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- another case of the oneof is, not this one
  configSourceSpecifier: { case: 'ads', value: {} },
  initialFetchTimeout: zeroDuration,
  resourceApiVersion: ApiVersion.V3,
};

type ConfigSourceFields = Fields<typeof ConfigSourceSchema>;

/** Secrets, which the agent serves: neither keys nor certificates ever pass through istiod's stream. */
export const fromAgent: ConfigSourceFields = {
  configSourceSpecifier: {
    case: 'apiConfigSource',
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- another case of the oneof is, not this one
    value: {
      apiType: ApiConfigSource_ApiType.GRPC,
      transportApiVersion: ApiVersion.V3,
      setNodeOnFirstMessageOnly: true,
      grpcServices: [{ targetSpecifier: { case: 'envoyGrpc', value: { clusterName: sidecar.sdsCluster } } }],
    },
  },
  initialFetchTimeout: zeroDuration,
  resourceApiVersion: ApiVersion.V3,
};

/**
 * Secrets of the user's, out of files that the agent reads. One that is missing must not hold up the sidecar: after two
 * seconds Envoy goes on, and refuses connections that need it.
 */
export const filesFromAgent: ConfigSourceFields = { ...fromAgent, initialFetchTimeout: milliseconds(2000) };
