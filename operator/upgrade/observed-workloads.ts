import { annotations } from '../../inject/names.ts';
import { matchesSelector } from '../../inject/label-selector.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import { podOwner } from '../../lib/kube/pod-owner.ts';
import type { Deployment, PodDisruptionBudget } from '../../lib/kube/types.ts';
import type { UpgradeInput } from './input.ts';
import type { Rollout } from './rollout.ts';
import { daemonSetRollout, deploymentRollout, statefulSetRollout } from './rollout.ts';
import type { MovableKind, Workload } from './workload.ts';
import { placeOf } from './workload.ts';

/** What the workloads of a control plane are found by. */
export interface WorkloadSources {
  /** Pods with a sidecar of the control plane; metadata only. */
  readonly pods: readonly KubeObject[];
  /** The name by which a pod asks for its sidecar. */
  readonly nameOf: (pod: KubeObject) => string | undefined;
  /** Names that lead to one MeshRevision and no other. */
  readonly pinned: ReadonlySet<string>;
  /** Values of the annotation that this upgrade has to do with; a workload that bears one counts without pods, too. */
  readonly values: ReadonlySet<string>;
  /** Pods of it have arrived, whoever made them. */
  readonly target: string | undefined;
  readonly objects: WorkloadObjects;
  /** What keeps a workload from being moved that was found by trying, by place. */
  readonly refusals: ReadonlyMap<string, string>;
}

/** The objects themselves, as they are by now. */
export interface WorkloadObjects {
  readonly find: (kind: MovableKind, namespace: string, name: string) => KubeObject | undefined;
  /** All of them. */
  readonly list: () => readonly { readonly kind: MovableKind; readonly object: KubeObject }[];
  readonly budgets: (namespace: string) => readonly PodDisruptionBudget[];
}

export type ObservedWorkloads = Pick<UpgradeInput, 'unmovable'> & { readonly workloads: readonly Workload[] };

/** The workloads that a control plane's sidecars belong to; pure. */
export function observeWorkloads(sources: WorkloadSources): ObservedWorkloads {
  const workloads = new Map<string, Workload>();
  const unmovable = new Map<string, string>();
  for (const pod of sources.pods) {
    const { namespace = '' } = pod.metadata;
    const owner = podOwner(pod.metadata);
    const kind = movableKind(owner?.kind);
    const object = owner && kind && sources.objects.find(kind, namespace, owner.name);
    if (kind === undefined || object === undefined) {
      // The pods of a workload that was deleted go by themselves.
      if (kind === undefined && !hasArrived(sources, pod)) unmovable.set(...immovable(pod, owner));
      continue;
    }
    const place = placeOf({ namespace, kind, name: object.metadata.name });
    const pin = pinOf(sources, pod);
    if (workloads.has(place) && pin === undefined) continue;
    workloads.set(place, workloadOf(sources, kind, object, pin));
  }
  for (const { kind, object } of sources.objects.list()) {
    const rollout = rolloutOf(kind, object);
    if (rollout.given === undefined || !sources.values.has(rollout.given) || workloads.has(placeOf(rollout))) continue;
    workloads.set(placeOf(rollout), workloadOf(sources, kind, object, undefined));
  }
  return {
    workloads: [...workloads.values()],
    unmovable: [...unmovable].sort().map(([workload, message]) => ({ workload, message })),
  };
}

function movableKind(kind: string | undefined): MovableKind | undefined {
  return kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet' ? kind : undefined;
}

function hasArrived({ target }: WorkloadSources, { metadata }: KubeObject): boolean {
  return target !== undefined && metadata.annotations?.[annotations.revision] === target;
}

function immovable(
  { metadata }: KubeObject,
  owner: { readonly kind: string; readonly name: string } | undefined,
): readonly [string, string] {
  if (owner === undefined) {
    return [`Pod ${formatKey(metadata.namespace, metadata.name)}`, 'nothing would make it anew; delete and create it'];
  }
  const workload = `${owner.kind} ${formatKey(metadata.namespace, owner.name)}`;
  const ends = owner.kind === 'Job' || owner.kind === 'CronJob';
  const message = ends
    ? 'its pods end by themselves'
    : `a ${owner.kind} does not replace its pods; restart it by whatever keeps it`;
  return [workload, message];
}

/** What has asked for a MeshRevision by its own name, or by a tag that is pinned to one, is moved by whoever asked. */
function pinOf({ nameOf, pinned }: WorkloadSources, pod: KubeObject): string | undefined {
  const name = nameOf(pod);
  if (name === undefined || !pinned.has(name)) return undefined;
  return `it asks for revision "${name}" by label and is not moved to another`;
}

export function rolloutOf(kind: MovableKind, object: KubeObject): Rollout {
  switch (kind) {
    case 'Deployment':
      return deploymentRollout(object);
    case 'StatefulSet':
      return statefulSetRollout(object);
    case 'DaemonSet':
      return daemonSetRollout(object);
  }
}

function workloadOf(
  sources: WorkloadSources,
  kind: MovableKind,
  object: KubeObject,
  pin: string | undefined,
): Workload {
  const rollout = rolloutOf(kind, object);
  const labels = templateLabels(object);
  const budgets = sources.objects
    .budgets(rollout.namespace)
    .filter(({ spec }) => spec?.selector != null && matchesSelector(spec.selector, labels))
    .map(({ metadata, status }) => ({
      name: formatKey(metadata.namespace, metadata.name),
      allowed: status?.disruptionsAllowed ?? 0,
    }));
  const obstacle = pin ?? sources.refusals.get(placeOf(rollout)) ?? rollout.obstacle;
  return { ...rollout, budgets, ...(obstacle === undefined ? {} : { obstacle }) };
}

/** The template of every movable kind is in the same place. */
function templateLabels(object: Deployment): Readonly<Record<string, string>> {
  return object.spec?.template?.metadata?.labels ?? {};
}
