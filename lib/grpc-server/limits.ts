/** What one client may take of a gRPC server, and for how long. */
export interface GrpcLimits {
  /** A connection is asked whether it still lives this often, and closed when it does not answer within the timeout. */
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
  /** After this time, a tenth more or less, a connection takes no new calls; calls that go on end after the grace. */
  readonly maxConnectionAgeMs: number;
  readonly maxConnectionAgeGraceMs: number;
  readonly maxConcurrentStreams: number;
  /** All headers of one call, as HTTP/2 counts them (RFC 9113, 6.5.2). */
  readonly maxHeaderBytes: number;
  /** Longest message that is taken in. */
  readonly maxMessageBytes: number;
  /** From the TCP connection to the end of the TLS handshake. */
  readonly handshakeTimeoutMs: number;
  /** A call of whose bytes none goes out for so long is ended. */
  readonly writeTimeoutMs: number;
  /** A unary call is ended after this time, or sooner when the client says so. */
  readonly unaryTimeoutMs: number;
}

const minuteMs = 60_000;

export const defaultGrpcLimits: GrpcLimits = {
  // Half-open connections of vanished proxies are found within a minute.
  keepaliveMs: 30_000,
  keepaliveTimeoutMs: 10_000,
  // Proxies come back elsewhere now and then, so that replicas share the load.
  maxConnectionAgeMs: 30 * minuteMs,
  maxConnectionAgeGraceMs: 30_000,
  maxConcurrentStreams: 100,
  maxHeaderBytes: 16 * 1024,
  maxMessageBytes: 4 * 1024 * 1024,
  handshakeTimeoutMs: 10_000,
  writeTimeoutMs: 30_000,
  unaryTimeoutMs: minuteMs,
};
