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
  /** Label by which an injected pod says that its sidecar accepts mutual TLS (value `istio`). */
  tlsModeLabel: 'security.istio.io/tlsMode',
  /** Unix socket on which the agent serves SDS to Envoy. */
  sdsSocket: '/var/run/secrets/workload-spiffe-uds/socket',
  /** Writable folder (emptyDir): bootstrap, process ids, the agent's state. */
  dataFolder: '/etc/istio/proxy',
  bootstrapFile: '/etc/istio/proxy/envoy-rev.json',
  /** Labels and annotations of the pod, from the downward API. */
  podInfoFolder: '/etc/istio/pod',
  /** In the proxy's image: the agent's launcher (`agent/entrypoint.sh`), its bundle, the Node that runs it, and Envoy. */
  agentBinary: '/usr/local/bin/pilot-agent',
  agentBundle: '/usr/local/lib/meltemi/agent.js',
  nodeBinary: '/usr/local/bin/node',
  envoyBinary: '/usr/local/bin/envoy',
  /** Command lines of the containers and hooks. The init container's is followed by the flags of `agent/iptables/flags.ts`. */
  commands: {
    proxy: ['/usr/local/bin/pilot-agent', 'proxy'],
    iptables: ['/usr/local/bin/pilot-agent', 'iptables'],
    /** postStart hook that holds the application until the proxy is ready. */
    wait: ['/usr/local/bin/pilot-agent', 'wait'],
    /** preStop hook of a native sidecar: inbound connections drain while the application stops. */
    drain: ['/usr/local/bin/pilot-agent', 'request', '--debug-port=15020', 'POST', '/drain'],
  },
  /** Envoy's static cluster that leads to the agent's SDS, and the names of the two secrets there. */
  sdsCluster: 'sds-grpc',
  secrets: { workload: 'default', roots: 'ROOTCA' },
  /** Source address of connections that Envoy and the agent make to the application; the capture lets them pass. */
  uncapturedSource: { ipv4: '127.0.0.6', ipv6: '::6' },
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
  /** `true`: on shutdown wait until no connection is left (after the minimum below) instead of a fixed time. */
  exitOnZeroActiveConnections: 'EXIT_ON_ZERO_ACTIVE_CONNECTIONS',
  /** Seconds that are waited at least in that mode; 5 unless set. */
  minimumDrainSeconds: 'MINIMUM_DRAIN_DURATION_SECONDS',
  /** `true` in a native sidecar: it is told to stop after the application is gone, so it need not drain then. */
  nativeSidecar: 'ENABLE_NATIVE_SIDECARS',
  /** From `resourceFieldRef: limits.cpu`, whole cores rounded up; set it only where there is a limit. */
  cpuLimit: 'ISTIO_CPU_LIMIT',
  /** Envoy worker threads; 0 for one a core. Unset: the CPU limit, or 2 where there is none. */
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

/**
 * A probe of the application that the injector has moved to the agent. Ports are numbers: the injector resolves names.
 * `ISTIO_KUBE_APP_PROBERS` is JSON of a record from {@link appProbePath} to these.
 */
export interface AppProbe {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: number;
    /** `HTTP` (default) or `HTTPS`, whose certificate is not checked, as the kubelet does not. */
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: number };
  readonly grpc?: { readonly port: number; readonly service?: string };
  /** Default 1, as the kubelet's. */
  readonly timeoutSeconds?: number;
}

/** Where the agent answers for a probe of the named container, on {@link ports.agentStatus}. */
export function appProbePath(container: string, kind: 'livez' | 'readyz' | 'startupz'): string {
  return `/app-health/${container}/${kind}`;
}
