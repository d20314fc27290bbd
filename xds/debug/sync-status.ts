import { sendOrder, typeUrls } from '../envoy/type-urls.ts';
import type { DebugState, DebugSubscription } from './state.ts';
import { sortedConnections } from './state.ts';

/** How far a proxy is with one type, in the words of `istioctl proxy-status`. */
export type SyncState = 'NOT SENT' | 'SYNCED' | 'STALE' | 'ERROR' | 'IGNORED';

/** What is known of one type; the fields but the last as Istio's `/debug/syncz` has them. */
interface TypeStatus {
  readonly sent?: string;
  readonly acked?: string;
  /** RFC 3339. */
  readonly sentTime?: string;
  readonly lastError?: string;
  readonly status: SyncState;
}

/** One proxy of Istio's `/debug/syncz`; what there is none of is left out. Values are nonces. */
export interface SyncStatus {
  readonly cluster_id: string;
  readonly proxy: string;
  readonly proxy_type: string;
  readonly istio_version?: string;
  readonly cluster_sent?: string;
  readonly cluster_acked?: string;
  readonly listener_sent?: string;
  readonly listener_acked?: string;
  readonly route_sent?: string;
  readonly route_acked?: string;
  readonly endpoint_sent?: string;
  readonly endpoint_acked?: string;
  /** By type URL; only types that the proxy has asked for. */
  readonly resources: Readonly<Record<string, TypeStatus>>;
}

/** The name that Istio gives to the only cluster of a mesh. */
export const clusterId = 'Kubernetes';

/** `IGNORED` is a type that the proxy has not asked for. */
export function syncState(subscription: DebugSubscription | undefined): SyncState {
  if (subscription === undefined) return 'IGNORED';
  if (subscription.lastError !== undefined) return 'ERROR';
  if (subscription.nonceSent === '') return 'NOT SENT';
  return subscription.nonceAcked === subscription.nonceSent ? 'SYNCED' : 'STALE';
}

/** All proxies connected here, or those of one namespace, in the shape of Istio's `/debug/syncz`. */
export function* syncStatuses(state: DebugState, namespace?: string): Generator<SyncStatus> {
  for (const connection of sortedConnections(state)) {
    const { proxy } = connection;
    if (namespace !== undefined && proxy.namespace !== namespace) continue;
    const status = (type: string): TypeStatus | undefined => typeStatus(connection.subscriptions.get(type));
    const nonces = (['cluster', 'listener', 'route', 'endpoint'] as const).flatMap((type) => {
      const { sent, acked } = status(type) ?? {};
      return [
        [`${type}_sent`, sent],
        [`${type}_acked`, acked],
      ];
    });
    yield {
      cluster_id: clusterId,
      proxy: proxy.id,
      proxy_type: proxy.type,
      ...(proxy.version === '' ? {} : { istio_version: proxy.version }),
      ...Object.fromEntries(nonces.filter(([, nonce]) => nonce !== undefined)),
      resources: Object.fromEntries(
        sendOrder.map((type) => [typeUrls[type], status(type)] as const).filter(([, it]) => it !== undefined),
      ) as SyncStatus['resources'],
    };
  }
}

function typeStatus(subscription: DebugSubscription | undefined): TypeStatus | undefined {
  if (subscription === undefined) return undefined;
  const { nonceSent, lastSentAt, lastError } = subscription;
  const acked = ackedNonce(subscription);
  return {
    ...(nonceSent === '' ? {} : { sent: nonceSent }),
    ...(acked === '' ? {} : { acked }),
    ...(lastSentAt === undefined ? {} : { sentTime: lastSentAt.toISOString() }),
    ...(lastError === undefined ? {} : { lastError }),
    status: syncState(subscription),
  };
}

/** A response that was rejected is answered and not acknowledged, so that who compares nonces sees a difference. */
function ackedNonce({ nonceSent, nonceAcked, lastError }: DebugSubscription): string {
  return lastError !== undefined && nonceAcked === nonceSent ? '' : nonceAcked;
}
