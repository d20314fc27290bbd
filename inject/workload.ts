import type { Pod } from './pod.ts';

/** What made a pod, as far as it can be told from the pod: a Deployment rather than its ReplicaSet. */
export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** Undefined for a pod that nothing controls. */
export function ownerOf(pod: Pod): PodOwner | undefined {
  const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { apiVersion, kind, name } = owner;
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)) {
    return { apiVersion, kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
  }
  // Jobs of a CronJob are named by the minute they are due, in decimal.
  const cronJob = kind === 'Job' ? /^(.+)-\d{8,10}$/.exec(name)?.[1] : undefined;
  return cronJob === undefined ? { apiVersion, kind, name } : { apiVersion, kind: 'CronJob', name: cronJob };
}

/** Name of what made the pod; the pod's own, or the beginning of it, where nothing did. */
export function workloadName(pod: Pod): string {
  const { name, generateName } = pod.metadata;
  return ownerOf(pod)?.name ?? name ?? generateName?.replace(/-$/, '') ?? '';
}

/** The service that a workload's telemetry belongs to (Istio, "Canonical Service"). */
export function canonicalService(pod: Pod): { readonly name: string; readonly revision: string } {
  const labels = pod.metadata.labels ?? {};
  return {
    name: labels['app.kubernetes.io/name'] ?? labels.app ?? workloadName(pod),
    revision: labels['app.kubernetes.io/version'] ?? labels.version ?? 'latest',
  };
}

/** `kubernetes://apis/apps/v1/namespaces/shop/deployments/web`, as Istio writes the owner into a proxy's metadata. */
export function ownerUri(owner: PodOwner, namespace: string): string {
  const kind = `${owner.kind.toLowerCase()}s`;
  return `kubernetes://apis/${owner.apiVersion}/namespaces/${namespace}/${kind}/${owner.name}`;
}
