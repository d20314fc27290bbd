import type { ConnectionPoolSettings, HttpSettings, TcpSettings } from '../../crds/connection-pool.ts';
import { checkDuration, checkNotNegative } from './fields.ts';
import type { Problems } from './problem.ts';
import { error } from './problem.ts';

const counts = [
  'http1MaxPendingRequests',
  'http2MaxRequests',
  'maxRequestsPerConnection',
  'maxRetries',
  'maxConcurrentStreams',
] as const;

export function* checkConnectionPool(pool: ConnectionPoolSettings | undefined, path: string): Problems {
  if (pool === undefined) return;
  if (pool.tcp === undefined && pool.http === undefined) yield error(path, 'must have tcp, http or both');
  yield* checkTcp(pool.tcp, `${path}.tcp`);
  yield* checkHttp(pool.http, `${path}.http`);
}

function* checkTcp(tcp: TcpSettings | undefined, path: string): Problems {
  if (tcp === undefined) return;
  yield* checkNotNegative(tcp.maxConnections, `${path}.maxConnections`);
  yield* checkDuration(tcp.connectTimeout, `${path}.connectTimeout`);
  yield* checkDuration(tcp.maxConnectionDuration, `${path}.maxConnectionDuration`);
  yield* checkDuration(tcp.idleTimeout, `${path}.idleTimeout`, 0);
  yield* checkDuration(tcp.tcpKeepalive?.time, `${path}.tcpKeepalive.time`);
  yield* checkDuration(tcp.tcpKeepalive?.interval, `${path}.tcpKeepalive.interval`);
}

function* checkHttp(http: HttpSettings | undefined, path: string): Problems {
  if (http === undefined) return;
  for (const name of counts) {
    yield* checkNotNegative(http[name], `${path}.${name}`);
  }
  yield* checkDuration(http.idleTimeout, `${path}.idleTimeout`);
  yield* checkDuration(http.http2KeepAlive?.interval, `${path}.http2KeepAlive.interval`);
  yield* checkDuration(http.http2KeepAlive?.timeout, `${path}.http2KeepAlive.timeout`);
  if (http.useClientProtocol === true && http.h2UpgradePolicy === 'UPGRADE') {
    yield error(`${path}.useClientProtocol`, 'must not be true together with h2UpgradePolicy UPGRADE');
  }
}
