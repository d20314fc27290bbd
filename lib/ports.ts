/** The ports of a pod with a sidecar and of the control plane; the numbers are Istio's, so that its users find them. */
export const ports = {
  /** Envoy: captured outbound connections arrive here. */
  outbound: 15001,
  /** Envoy: captured inbound connections arrive here. */
  inbound: 15006,
  /** Envoy: administration, on loopback only. */
  admin: 15000,
  /** Agent: metrics of agent, Envoy and application merged; rewritten application probes. */
  agentStatus: 15020,
  /** Envoy: `/healthz/ready` for the kubelet. */
  health: 15021,
  /** Envoy: its own `/stats/prometheus`. */
  envoyPrometheus: 15090,
  /** istiod: xDS without TLS; served only when asked for. */
  xdsPlaintext: 15010,
  /** istiod: xDS and certificate service over TLS. */
  xds: 15012,
  /** istiod: metrics, `/healthz` and `/readyz`. */
  istiodMonitoring: 15014,
  /** istiod: debug pages, on loopback only. */
  istiodDebug: 8080,
  /** istiod: admission webhooks (the Service's port is 443). */
  webhook: 15017,
} as const;

/** User and group id of the proxy in a pod; the traffic capture rules tell its traffic by them. */
export const proxyUid = 1337;
