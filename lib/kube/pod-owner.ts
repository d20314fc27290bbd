import type { OwnerReference } from './object.ts';

/** What made a pod: a Deployment rather than its ReplicaSet, a CronJob rather than its Job. */
export interface PodOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** What is read of a pod's metadata; a pod that is about to be made may have no name yet. */
export interface OwnedPodMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly Pick<OwnerReference, 'apiVersion' | 'kind' | 'name' | 'controller'>[];
}

/** As far as it can be told from the pod alone; undefined for a pod that nothing controls. */
export function podOwner(metadata: OwnedPodMetadata): PodOwner | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const { apiVersion, kind, name } = owner;
  const hash = metadata.labels?.['pod-template-hash'];
  if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)) {
    return { apiVersion, kind: 'Deployment', name: name.slice(0, -hash.length - 1) };
  }
  // Jobs of a CronJob are named by the minute they are due, in decimal.
  const cronJob = kind === 'Job' ? /^(.+)-\d{8,10}$/.exec(name)?.[1] : undefined;
  return cronJob === undefined ? { apiVersion, kind, name } : { apiVersion, kind: 'CronJob', name: cronJob };
}

/** Name of what made the pod; the pod's own, or the beginning of it, where nothing did. */
export function workloadName(metadata: OwnedPodMetadata): string {
  return podOwner(metadata)?.name ?? metadata.name ?? metadata.generateName?.replace(/-$/, '') ?? '';
}
