import { ports } from './ports.ts';

/**
 * What the injector puts into a pod and the agent expects there: paths, volumes and environment of the sidecar.
 * Both sides read this file, so that neither guesses about the other.
 */
export const sidecar = {
  /** Names of the containers, as Istio's. */
  containers: { proxy: 'istio-proxy', init: 'istio-init' },
  /** Projected service account token, audience `istio-ca`: proves the pod to the certificate service. */
  tokenFile: '/var/run/secrets/tokens/istio-token',
  tokenAudience: 'istio-ca',
  /** The roots that istiod's own certificate is checked against (from ConfigMap `istio-ca-root-cert`). */
  rootCertFile: '/var/run/secrets/istio/root-cert.pem',
  rootCertConfigMap: 'istio-ca-root-cert',
  rootCertKey: 'root-cert.pem',
  /** Unix socket on which the agent serves SDS to Envoy. */
  sdsSocket: '/var/run/secrets/workload-spiffe-uds/socket',
  /** Writable folder (emptyDir): bootstrap, process ids, the agent's state. */
  dataFolder: '/etc/istio/proxy',
  bootstrapFile: '/etc/istio/proxy/envoy-rev.json',
  /** Labels and annotations of the pod, from the downward API. */
  podInfoFolder: '/etc/istio/pod',
  volumes: {
    token: 'istio-token',
    rootCert: 'istiod-ca-cert',
    sdsSocket: 'workload-socket',
    data: 'istio-envoy',
    podInfo: 'istio-podinfo',
  },
} as const;

/** Environment variables of the sidecar container. Values are strings; units are in the comments. */
export const sidecarEnvironment = {
  podName: 'POD_NAME',
  podNamespace: 'POD_NAMESPACE',
  podIps: 'INSTANCE_IPS',
  hostIp: 'HOST_IP',
  nodeName: 'ISTIO_META_NODE_NAME',
  serviceAccount: 'SERVICE_ACCOUNT',
  workloadName: 'ISTIO_META_WORKLOAD_NAME',
  /** `host:port` of istiod's TLS port: xDS and certificate service. */
  discoveryAddress: 'DISCOVERY_ADDRESS',
  trustDomain: 'TRUST_DOMAIN',
  clusterDomain: 'CLUSTER_DOMAIN',
  revision: 'ISTIO_META_REVISION',
  clusterId: 'ISTIO_META_CLUSTER_ID',
  interceptionMode: 'ISTIO_META_INTERCEPTION_MODE',
  /** JSON list of the application's container ports. */
  podPorts: 'ISTIO_META_POD_PORTS',
  /** JSON: rewritten probes by path, see `inject/probes.ts`. */
  appProbers: 'ISTIO_KUBE_APP_PROBERS',
  /** JSON: where the application's own metrics are, `{"scrape":"true","path":"/metrics","port":"8080"}`. */
  prometheusAnnotations: 'ISTIO_PROMETHEUS_ANNOTATIONS',
  /** Seconds that Envoy drains connections for on shutdown. */
  terminationDrainSeconds: 'TERMINATION_DRAIN_DURATION_SECONDS',
  /** Envoy worker threads; 0 for one a core. */
  concurrency: 'PROXY_CONCURRENCY',
  proxyLogLevel: 'PROXY_LOG_LEVEL',
  proxyComponentLogLevel: 'PROXY_COMPONENT_LOG_LEVEL',
  agentLogLevel: 'AGENT_LOG_LEVEL',
  /** `ECDSA-P256` (default), `ECDSA-P384` or `RSA-2048`. */
  workloadKeyType: 'WORKLOAD_KEY_TYPE',
  /** Wanted lifetime of the workload certificate, seconds. */
  secretTtlSeconds: 'SECRET_TTL_SECONDS',
} as const;

/** Inbound ports that are never captured: the sidecar's own. */
export const uncapturedInboundPorts = [ports.envoyPrometheus, ports.health, ports.agentStatus] as const;
