import { annotations } from '../../inject/names.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { DaemonSet, Deployment, StatefulSet } from '../../lib/kube/types.ts';
import type { Workload } from './workload.ts';

/** What of a workload its own object tells. */
export type Rollout = Omit<Workload, 'budgets'>;

/** Kubernetes' default of `maxUnavailable` of a Deployment. */
const defaultShare = '25%';

export function deploymentRollout({ metadata, spec = {}, status = {} }: Deployment): Rollout {
  const { replicas: desired = 1, paused = false } = spec;
  const { replicas = 0, updatedReplicas = 0, availableReplicas: available = 0 } = status;
  const isComplete = updatedReplicas >= desired && replicas <= updatedReplicas && available >= desired;
  return {
    ...refOf('Deployment', metadata),
    given: givenBy(spec.template),
    desired,
    available,
    rolledOut: isObserved(metadata.generation, status.observedGeneration) && isComplete,
    takesDown: takenByDeployment(spec.strategy, desired),
    ...(paused ? { obstacle: 'its rollout is paused (spec.paused)' } : {}),
  };
}

/** A surge and a loss of 0 pods count as a loss of 1, since nothing could move otherwise (Kubernetes, "Deployments"). */
function takenByDeployment(strategy: NonNullable<Deployment['spec']>['strategy'], desired: number): number {
  if (strategy?.type === 'Recreate') return desired;
  const { maxUnavailable = defaultShare, maxSurge = defaultShare } = strategy?.rollingUpdate ?? {};
  const taken = shareOf(maxUnavailable, desired, 'down');
  return taken === 0 && shareOf(maxSurge, desired, 'up') === 0 ? 1 : taken;
}

export function statefulSetRollout({ metadata, spec = {}, status = {} }: StatefulSet): Rollout {
  const { replicas: desired = 1, updateStrategy } = spec;
  const { updatedReplicas = 0, availableReplicas: available = 0 } = status;
  const { partition = 0, maxUnavailable = 1 } = updateStrategy?.rollingUpdate ?? {};
  const obstacle =
    onDelete(updateStrategy?.type) ??
    (partition > 0
      ? `only its pods from ${String(partition)} on are replaced (spec.updateStrategy.rollingUpdate.partition)`
      : undefined);
  return {
    ...refOf('StatefulSet', metadata),
    given: givenBy(spec.template),
    desired,
    available,
    rolledOut:
      isObserved(metadata.generation, status.observedGeneration) && updatedReplicas >= desired && available >= desired,
    takesDown: Math.max(1, shareOf(maxUnavailable, desired, 'down')),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

export function daemonSetRollout({ metadata, spec = {}, status = {} }: DaemonSet): Rollout {
  const { desiredNumberScheduled: desired = 0, updatedNumberScheduled = 0, numberAvailable: available = 0 } = status;
  const { maxUnavailable = 1, maxSurge = 0 } = spec.updateStrategy?.rollingUpdate ?? {};
  const surges = shareOf(maxSurge, desired, 'up') > 0;
  const obstacle = onDelete(spec.updateStrategy?.type);
  return {
    ...refOf('DaemonSet', metadata),
    given: givenBy(spec.template),
    desired,
    available,
    rolledOut:
      isObserved(metadata.generation, status.observedGeneration) &&
      updatedNumberScheduled >= desired &&
      available >= desired,
    takesDown: surges ? 0 : Math.max(1, shareOf(maxUnavailable, desired, 'up')),
    ...(obstacle === undefined ? {} : { obstacle }),
  };
}

function refOf<Kind extends Rollout['kind']>(kind: Kind, { namespace = '', name }: KubeObject['metadata']) {
  return { namespace, kind, name };
}

function givenBy(template: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } } = {}) {
  return template.metadata?.annotations?.[annotations.givenRevision];
}

/** A status of an older spec says nothing of the newer one. */
function isObserved(generation = 0, observed = 0): boolean {
  return observed >= generation;
}

function onDelete(type: string | undefined): string | undefined {
  return type === 'OnDelete'
    ? 'its pods are replaced only when they are deleted (spec.updateStrategy OnDelete)'
    : undefined;
}

/** An IntOrString, which may come to nothing. */
function shareOf(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const exact = (Number(value.replace(/%$/, '')) * total) / 100;
  return Number.isFinite(exact) ? (round === 'up' ? Math.ceil(exact) : Math.floor(exact)) : 0;
}
