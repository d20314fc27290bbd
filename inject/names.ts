import { sidecar } from '../lib/sidecar.ts';

/** Labels and annotations of injection, as Istio's users know them (istio.io/api, `label` and `annotation`). */
export const injectionLabels = {
  /** On namespaces: `enabled` or `disabled`. */
  namespace: 'istio-injection',
  /** On namespaces and pods: the revision that injects. */
  revision: 'istio.io/rev',
  /** On pods: `true` or `false`. The annotation of the same name is older, and weaker. */
  pod: 'sidecar.istio.io/inject',
} as const;

/** Labels that injected pods get. */
export const podLabels = {
  tlsMode: sidecar.tlsModeLabel,
  canonicalName: 'service.istio.io/canonical-name',
  canonicalRevision: 'service.istio.io/canonical-revision',
} as const;

export const annotations = {
  inject: 'sidecar.istio.io/inject',
  /** What was injected, JSON; its presence marks an injected pod. */
  status: 'sidecar.istio.io/status',
  revision: 'istio.io/rev',
  /** The revision, out of those that share a name, that a pod is given to: its value of `istio.io/rev`. */
  givenRevision: 'meltemi.dev/revision',
  rewriteProbes: 'sidecar.istio.io/rewriteAppHTTPProbers',
  discoveryAddress: 'sidecar.istio.io/discoveryAddress',
  proxyImage: 'sidecar.istio.io/proxyImage',
  proxyCPU: 'sidecar.istio.io/proxyCPU',
  proxyCPULimit: 'sidecar.istio.io/proxyCPULimit',
  proxyMemory: 'sidecar.istio.io/proxyMemory',
  proxyMemoryLimit: 'sidecar.istio.io/proxyMemoryLimit',
  interceptionMode: 'sidecar.istio.io/interceptionMode',
  logLevel: 'sidecar.istio.io/logLevel',
  componentLogLevel: 'sidecar.istio.io/componentLogLevel',
  agentLogLevel: 'sidecar.istio.io/agentLogLevel',
  nativeSidecar: 'sidecar.istio.io/nativeSidecar',
  userVolume: 'sidecar.istio.io/userVolume',
  userVolumeMount: 'sidecar.istio.io/userVolumeMount',
  statusPort: 'status.sidecar.istio.io/port',
  readinessInitialDelay: 'readiness.status.sidecar.istio.io/initialDelaySeconds',
  readinessPeriod: 'readiness.status.sidecar.istio.io/periodSeconds',
  readinessFailureThreshold: 'readiness.status.sidecar.istio.io/failureThreshold',
  includeOutboundIPRanges: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
  excludeOutboundIPRanges: 'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  includeInboundPorts: 'traffic.sidecar.istio.io/includeInboundPorts',
  excludeInboundPorts: 'traffic.sidecar.istio.io/excludeInboundPorts',
  includeOutboundPorts: 'traffic.sidecar.istio.io/includeOutboundPorts',
  excludeOutboundPorts: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  excludeInterfaces: 'traffic.sidecar.istio.io/excludeInterfaces',
  proxyConfig: 'proxy.istio.io/config',
  templates: 'inject.istio.io/templates',
  mergeMetrics: 'prometheus.istio.io/merge-metrics',
  defaultContainer: 'kubectl.kubernetes.io/default-container',
} as const;

/** Annotations of Istio that have no effect here; a pod that has one is told so. */
export const annotationsWithoutEffect: readonly string[] = [
  'sidecar.istio.io/bootstrapOverride',
  'sidecar.istio.io/proxyImageType',
  'sidecar.istio.io/capNetBindService',
  'traffic.sidecar.istio.io/kubevirtInterfaces',
  'istio.io/reroute-virtual-interfaces',
  'proxy.istio.io/overrides',
];

/** Namespaces of Kubernetes itself, whose pods must start whatever becomes of the mesh. */
export const systemNamespaces: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
];
