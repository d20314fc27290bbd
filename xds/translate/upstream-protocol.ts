import type { ConnectionPoolSettings } from '../../crds/destination-rule.ts';
import type { Protocol } from '../model/service.ts';
import { isHttp2 } from '../model/service.ts';

/** What connections to an endpoint carry; `client` follows the protocol that the client's own connection has. */
export type UpstreamProtocol = 'http1' | 'http2' | 'client' | 'tcp';

/**
 * The protocol towards the endpoints: as the port declares it, upgraded or left to the client where the connection
 * pool says so (Istio API, `h2UpgradePolicy`, `useClientProtocol`).
 */
export function upstreamProtocol(protocol: Protocol, pool: ConnectionPoolSettings | undefined): UpstreamProtocol {
  if (protocol === 'tcp' || protocol === 'tls' || protocol === 'https') return 'tcp';
  if (pool?.http?.useClientProtocol === true) return 'client';
  if (isHttp2(protocol)) return 'http2';
  if (pool?.http?.h2UpgradePolicy === 'UPGRADE' && protocol === 'http') return 'http2';
  return protocol === 'auto' ? 'client' : 'http1';
}
