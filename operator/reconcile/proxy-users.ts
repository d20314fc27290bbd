import { annotations } from '../../inject/names.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { podOwner } from '../../lib/kube/pod-owner.ts';
import { namespaces, pods } from '../../lib/kube/resources.ts';
import { sidecar } from '../../lib/sidecar.ts';

/** The pods whose sidecars get their configuration from a control plane. */
export interface ProxyUsers {
  /** How many pods there are. */
  readonly count: number;
  /** The workloads that they belong to, those with most pods first: `Deployment shop/cart`. */
  readonly workloads: readonly { readonly name: string; readonly pods: number }[];
}

export const noUsers: ProxyUsers = { count: 0, workloads: [] };

/** Set on a MeshControlPlane, it lets its deletion go on although proxies use it. */
export const forceDeleteAnnotation = 'meltemi.dev/force-delete';

export function isDeletionForced({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[forceDeleteAnnotation] === 'true';
}

/**
 * Asked of the API server itself, metadata only: it is about a deletion, and an informer may not have seen a pod yet.
 * Pods that have ended or are on their way out do not count, and neither does what goes with its namespace.
 */
export async function proxyUsers(client: KubeClient, revisions: ReadonlySet<string>): Promise<ProxyUsers> {
  const { items } = await client.list(pods, {
    labelSelector: sidecar.tlsModeLabel,
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
    metadataOnly: true,
  });
  const using = items.filter((pod) => isUsing(pod, revisions));
  if (using.length === 0) return noUsers;
  const { items: all } = await client.list(namespaces, { metadataOnly: true });
  const staying = new Set(all.filter(isStaying).map(({ metadata }) => metadata.name));
  return usersOf(using.filter(({ metadata }) => staying.has(metadata.namespace ?? '')));
}

function isUsing(pod: KubeObject, revisions: ReadonlySet<string>): boolean {
  return isStaying(pod) && revisions.has(pod.metadata.annotations?.[annotations.revision] ?? '');
}

function isStaying({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

/** Counts pods by workload. */
export function usersOf(using: readonly KubeObject[]): ProxyUsers {
  const counts = new Map<string, number>();
  for (const pod of using) {
    const name = workloadOf(pod);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const workloads = [...counts].map(([name, number]) => ({ name, pods: number }));
  return { count: using.length, workloads: workloads.sort((a, b) => b.pods - a.pods || (a.name < b.name ? -1 : 1)) };
}

function workloadOf({ metadata }: KubeObject): string {
  const { kind, name } = podOwner(metadata) ?? { kind: 'Pod', name: metadata.name };
  return `${kind} ${formatKey(metadata.namespace, name)}`;
}

/** Names at most this many workloads. */
const mostNamed = 5;

/** `3 proxies: Deployment shop/cart (2), StatefulSet shop/db`. */
export function describeUsers({ count, workloads }: ProxyUsers): string {
  const named = workloads
    .slice(0, mostNamed)
    .map(({ name, pods: number }) => (number === 1 ? name : `${name} (${String(number)})`));
  const rest = workloads.length > mostNamed ? [`and ${String(workloads.length - mostNamed)} more`] : [];
  return `${String(count)} ${count === 1 ? 'proxy' : 'proxies'}: ${[...named, ...rest].join(', ')}`;
}
