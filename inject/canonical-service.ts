import type { PodOwner } from '../lib/kube/pod-owner.ts';
import { workloadName } from '../lib/kube/pod-owner.ts';
import type { PodMetadata } from './pod.ts';

/** The service that a workload's telemetry belongs to (Istio, "Canonical Service"). */
export function canonicalService(metadata: PodMetadata): { readonly name: string; readonly revision: string } {
  const labels = metadata.labels ?? {};
  return {
    name: labels['app.kubernetes.io/name'] ?? labels.app ?? workloadName(metadata),
    revision: labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest',
  };
}

/** `kubernetes://apis/apps/v1/namespaces/shop/deployments/web`, as Istio writes the owner into a proxy's metadata. */
export function ownerUri(owner: PodOwner, namespace: string): string {
  const kind = `${owner.kind.toLowerCase()}s`;
  return `kubernetes://apis/${owner.apiVersion}/namespaces/${namespace}/${kind}/${owner.name}`;
}
