import { sendOrder, typeUrls } from '../envoy/type-urls.ts';
import { create } from '@bufbuild/protobuf';
import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampFromDate } from '@bufbuild/protobuf/wkt';
import { UpdateFailureStateSchema } from '../envoy/gen/envoy/admin/v3/config_dump_shared_pb.js';
import { NodeSchema } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import type { ClientConfig, ClientConfig_GenericXdsConfig } from '../envoy/gen/envoy/service/status/v3/csds_pb.js';
import {
  ClientConfig_GenericXdsConfigSchema,
  ClientConfigSchema,
  ConfigStatus,
} from '../envoy/gen/envoy/service/status/v3/csds_pb.js';
import type { DebugConnection, DebugState } from './state.ts';
import { sortedConnections } from './state.ts';
import type { SyncState } from './sync-status.ts';
import { clusterId, syncState } from './sync-status.ts';

/**
 * How far each proxy is, as `ClientConfig`s (Envoy API, csds.proto): what `istioctl proxy-status` gets over ADS for the type
 * `istio.io/debug/syncz`.
 */
export function clientConfigs(state: DebugState): ClientConfig[] {
  return sortedConnections(state).map((connection) => {
    const { proxy } = connection;
    return create(ClientConfigSchema, {
      node: create(NodeSchema, {
        id: proxy.id,
        metadata: { CLUSTER_ID: clusterId, NAMESPACE: proxy.namespace, ISTIO_VERSION: proxy.version },
      }),
      genericXdsConfigs: xdsConfigs(connection),
    });
  });
}

function xdsConfigs({ subscriptions }: DebugConnection): ClientConfig_GenericXdsConfig[] {
  return sendOrder
    .flatMap((type) => {
      const subscription = subscriptions.get(type);
      if (subscription === undefined) return [];
      const { lastSentAt, lastError } = subscription;
      const sentAt: { lastUpdated?: Timestamp } =
        lastSentAt === undefined ? {} : { lastUpdated: timestampFromDate(lastSentAt) };
      return create(ClientConfig_GenericXdsConfigSchema, {
        typeUrl: typeUrls[type],
        configStatus: configStatuses[syncState(subscription)],
        ...sentAt,
        ...(lastError === undefined ? {} : { errorState: create(UpdateFailureStateSchema, { details: lastError }) }),
      });
    })
    .sort((a, b) => (a.typeUrl < b.typeUrl ? -1 : 1));
}

const configStatuses: Readonly<Record<SyncState, ConfigStatus>> = {
  IGNORED: ConfigStatus.UNKNOWN,
  'NOT SENT': ConfigStatus.NOT_SENT,
  SYNCED: ConfigStatus.SYNCED,
  STALE: ConfigStatus.STALE,
  ERROR: ConfigStatus.ERROR,
};
