import { duration, int32, uint32 } from './istio-scalars.ts';
import type { Infer } from './schema.ts';
import { boolean, enumeration, object, string } from './schema.ts';

const tcp = object('Limits of connections, for HTTP and TCP alike.', {
  maxConnections: int32('Most connections to the host at a time.'),
  connectTimeout: duration('How long a connection may take to be made.'),
  maxConnectionDuration: duration('How long a connection may live.'),
  idleTimeout: string('How long a TCP connection may be idle; 0s for ever.'),
  tcpKeepalive: object('TCP keepalive of the connections.', {
    probes: uint32('Unanswered probes after which a connection is dead.'),
    time: duration('How long a connection is idle before the first probe.'),
    interval: duration('Pause between probes.'),
  }),
});

const http = object('Limits of HTTP connections and requests.', {
  http1MaxPendingRequests: int32('Most requests that wait for a connection.'),
  http2MaxRequests: int32('Most requests in flight to the host.'),
  maxRequestsPerConnection: int32('Requests after which a connection is closed; 1 turns keep-alive off.'),
  maxRetries: int32('Most retries in flight to the host.'),
  maxConcurrentStreams: int32('Most streams on one HTTP/2 connection.'),
  idleTimeout: duration('How long a connection without requests is kept.'),
  h2UpgradePolicy: enumeration('Whether HTTP/1.1 connections to the host are made HTTP/2.', [
    'DEFAULT',
    'DO_NOT_UPGRADE',
    'UPGRADE',
  ]),
  useClientProtocol: boolean('Use the HTTP version that the client used.'),
  http2KeepAlive: object('HTTP/2 pings that keep a connection alive.', {
    interval: duration('Pause between pings.'),
    timeout: duration('How long an answer may take.'),
  }),
});

/** Istio's ConnectionPoolSettings. */
export const connectionPool = object('Limits of the connections to the host.', { tcp, http });

export type ConnectionPoolSettings = Infer<typeof connectionPool>;
export type TcpSettings = Infer<typeof tcp>;
export type HttpSettings = Infer<typeof http>;
