/**
 * Application protocols in TLS handshakes between sidecars. A server's sniffed port tells HTTP from TCP by them, so the
 * first of each list says what the connection carries; `istio-...` names are Istio's own and meant for filter chain
 * matches, `h2` and `http/1.1` are what the server then picks.
 */
export const alpn = {
  /** Offered for upstream connections that carry HTTP/1.1. */
  http1: ['istio-http/1.1', 'istio', 'http/1.1'],
  /** Offered for upstream connections that carry HTTP/2. */
  http2: ['istio-h2', 'istio', 'h2'],
  /**
   * Offered where the version follows that of the client's connection: nothing that the server could pick, so that it
   * goes by the first bytes.
   */
  anyHttp: ['istio-http/1.1', 'istio'],
  /** Offered for anything else. */
  tcp: ['istio-peer-exchange', 'istio'],
  /** What HTTP ports of a server pick from. */
  httpServer: ['h2', 'http/1.1'],
  /** What other ports of a server pick from. */
  tcpServer: ['istio-peer-exchange', 'h2', 'http/1.1'],
} as const;

/** What a server's filter chains are matched by. */
export const alpnMatch = {
  /** Mutual TLS that carries HTTP. */
  mutualTlsHttp: ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'],
  /** Mutual TLS that carries anything else. */
  mutualTlsTcp: ['istio-peer-exchange', 'istio'],
  /** Mutual TLS of any kind, as opposed to TLS that the application itself speaks. */
  mutualTls: ['istio', 'istio-peer-exchange', 'istio-http/1.0', 'istio-http/1.1', 'istio-h2'],
  /** Plaintext that the HTTP inspector found to be HTTP. */
  plaintextHttp: ['http/1.1', 'h2c'],
} as const;

/** Filter state by which a listener overrides the ALPN of a cluster (Envoy, "Well Known Filter State Objects"). */
export const alpnOverrideKey = 'envoy.network.application_protocols';
