import type { RevisionUsers } from '../../crds/mesh-revision.ts';
import { namedUsers } from '../../crds/mesh-revision.ts';
import { defaultRevision } from '../../config/istiod-names.ts';
import { annotations, injectionLabels } from '../../inject/names.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { podOwner } from '../../lib/kube/pod-owner.ts';
import type { Store } from '../../lib/kube/store.ts';

/** Indexes of the stores that are asked who uses what. */
const index = { podsByRevision: 'revision', podsByName: 'name of revision', namespacesByName: 'name of revision' };

/** The stores of what uses revisions. Metadata only. */
export interface UsageStores {
  readonly namespaces: Store<KubeObject>;
  /** Pods with a sidecar that have not ended. */
  readonly sidecars: Store<KubeObject>;
}

/** To be called once, when the stores are made. */
export function indexUsage({ namespaces, sidecars }: UsageStores): void {
  sidecars.index(index.podsByRevision, (pod) => present(revisionOfPod(pod)));
  sidecars.index(index.podsByName, (pod) => present(nameAskedByPod(pod)));
  namespaces.index(index.namespacesByName, (namespace) => present(nameAskedByNamespace(namespace)));
}

function present(value: string | undefined): readonly string[] {
  return value === undefined ? [] : [value];
}

/** The revision whose istiod put the sidecar into a pod. */
export function revisionOfPod({ metadata }: KubeObject): string | undefined {
  return metadata.annotations?.[annotations.revision];
}

/** The name by which a pod itself asks for a sidecar. */
export function nameAskedByPod({ metadata }: KubeObject): string | undefined {
  return metadata.labels?.[injectionLabels.revision];
}

/** The name by which a namespace asks for sidecars (as `injectionSelections` has it). */
export function nameAskedByNamespace({ metadata: { labels } }: KubeObject): string | undefined {
  const injection = labels?.[injectionLabels.namespace];
  if (injection === 'enabled') return defaultRevision;
  return injection === undefined ? labels?.[injectionLabels.revision] : undefined;
}

/** Pods with a sidecar of a revision, and the workloads they belong to. */
export interface PodUse {
  readonly pods: number;
  readonly workloads: number;
}

/** What uses revisions and names, as far as one control plane is concerned. */
export interface Usage {
  readonly byRevision: ReadonlyMap<string, PodUse>;
  /** Namespaces that ask for sidecars by a name, in order. */
  readonly namespacesByName: ReadonlyMap<string, readonly string[]>;
}

/** Reads the use of these values of `istio.io/rev` and of these names. */
export function readUsage(
  { namespaces, sidecars }: UsageStores,
  revisions: readonly string[],
  names: readonly string[],
): Usage {
  return {
    byRevision: new Map(
      revisions.map((revision) => [revision, podUse(sidecars.byIndex(index.podsByRevision, revision))]),
    ),
    namespacesByName: new Map(names.map((name) => [name, namespacesOf(namespaces, name)])),
  };
}

function namespacesOf(namespaces: Store<KubeObject>, name: string): readonly string[] {
  return namespaces
    .byIndex(index.namespacesByName, name)
    .map(({ metadata }) => metadata.name)
    .sort();
}

function podUse(pods: readonly KubeObject[]): PodUse {
  const workloads = new Set(
    pods.map(({ metadata }) => {
      const owner = podOwner(metadata) ?? { kind: 'Pod', name: metadata.name };
      return `${metadata.namespace ?? ''}/${owner.kind}/${owner.name}`;
    }),
  );
  return { pods: pods.length, workloads: workloads.size };
}

/** Whether a namespace or a pod of its own asks for sidecars by this name. */
export function nameUse(
  { namespaces, sidecars }: UsageStores,
  name: string,
): { readonly namespaces: readonly string[]; readonly pods: number } {
  return { namespaces: namespacesOf(namespaces, name), pods: sidecars.byIndex(index.podsByName, name).length };
}

/**
 * The users of one revision. `held` is its value of `istio.io/rev` when an istiod serves it for this revision, and
 * undefined when another one has taken its place; `names` are those that lead to it.
 */
export function usersOf(
  usage: Usage,
  held: string | undefined,
  names: readonly string[],
  tags: readonly string[],
): RevisionUsers {
  const { pods, workloads } = (held === undefined ? undefined : usage.byRevision.get(held)) ?? {
    pods: 0,
    workloads: 0,
  };
  const namespaces = [...new Set(names.flatMap((name) => usage.namespacesByName.get(name) ?? []))].sort();
  return {
    pods,
    workloads,
    namespaces: { count: namespaces.length, names: namespaces.slice(0, namedUsers) },
    tags: tags.toSorted().slice(0, namedUsers),
  };
}
