import { version } from '../../lib/version.ts';
import type { AgentSettings } from '../settings.ts';

/** Envoy's `Node`, as JSON: who the proxy is to the control plane. */
export interface NodeJson {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** The node of a sidecar; id and metadata keys as Istio's (its `pkg/model/proxy.go`). */
export function sidecarNode(settings: AgentSettings, labels: Readonly<Record<string, string>>): NodeJson {
  const { namespace, serviceAccount } = settings.identity;
  const app = labels['app'] ?? labels['app.kubernetes.io/name'] ?? settings.workloadName;
  const { REVISION: revision, ...extra } = settings.extraMetadata;
  return {
    id: [
      'sidecar',
      settings.podIps[0] ?? '',
      `${settings.podName}.${namespace}`,
      `${namespace}.svc.${settings.clusterDomain}`,
    ].join('~'),
    cluster: `${app}.${namespace}`,
    metadata: {
      ...extra,
      NAME: settings.podName,
      NAMESPACE: namespace,
      SERVICE_ACCOUNT: serviceAccount,
      WORKLOAD_NAME: settings.workloadName,
      CLUSTER_ID: settings.clusterId,
      INSTANCE_IPS: settings.podIps.join(','),
      LABELS: labels,
      // The agent's own version, under the key that users' tools and `istioctl`-like listings read.
      ISTIO_VERSION: version,
      ...(revision === undefined ? {} : { ISTIO_REVISION: revision }),
    },
  };
}
