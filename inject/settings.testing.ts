import type { InjectionSettings } from './settings.ts';

/** Settings of a default revision. */
export const settings: InjectionSettings = {
  revision: 'default',
  policy: 'enabled',
  enableNamespacesByDefault: false,
  neverInjectSelector: [],
  alwaysInjectSelector: [],
  image: 'registry.example/meltemi/proxy:0.1.0',
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } },
  discoveryAddress: 'istiod.istio-system.svc:15012',
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  clusterId: 'Kubernetes',
  nativeSidecar: true,
  holdApplicationUntilProxyStarts: false,
  rewriteProbes: true,
  mergeMetrics: true,
  proxyLogLevel: 'warning',
  proxyComponentLogLevel: 'misc:error',
  agentLogLevel: 'info',
  concurrency: 2,
  terminationDrainSeconds: 5,
  workloadKeyType: 'ECDSA-P256',
  workloadCertificateSeconds: 86_400,
};
