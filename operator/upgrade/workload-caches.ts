import type { KubeClient } from '../../lib/kube/client.ts';
import type { Informer } from '../../lib/kube/informer.ts';
import { createInformer } from '../../lib/kube/informer.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { daemonSets, deployments, podDisruptionBudgets, statefulSets } from '../../lib/kube/resources.ts';
import type { DaemonSet, Deployment, PodDisruptionBudget, StatefulSet } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import { annotations } from '../../inject/names.ts';

/** The informers of all that can be moved. They are there while an upgrade is under way, and no longer. */
export interface WorkloadCaches {
  readonly deployments: Informer<Deployment>;
  readonly statefulSets: Informer<StatefulSet>;
  readonly daemonSets: Informer<DaemonSet>;
  readonly budgets: Informer<PodDisruptionBudget>;
}

export function createWorkloadCaches(client: KubeClient, logger: Logger): WorkloadCaches {
  return {
    deployments: createInformer(client, deployments, { logger, prune: pruneDeployment }),
    statefulSets: createInformer(client, statefulSets, { logger, prune: pruneStatefulSet }),
    daemonSets: createInformer(client, daemonSets, { logger, prune: pruneDaemonSet }),
    budgets: createInformer(client, podDisruptionBudgets, { logger, prune: pruneBudget }),
  };
}

/** What of a template a move is decided by: its labels, for budgets, and whom its pods are given to. */
function pruneTemplate(template: NonNullable<Deployment['spec']>['template']) {
  const { labels = {}, annotations: all = {} } = template?.metadata ?? {};
  const given = all[annotations.givenRevision];
  return {
    metadata: { labels, ...(given === undefined ? {} : { annotations: { [annotations.givenRevision]: given } }) },
  };
}

function pruneMetadata({ name, namespace, uid, resourceVersion, generation }: KubeObject['metadata']) {
  return {
    name,
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
    ...(generation === undefined ? {} : { generation }),
  };
}

export function pruneDeployment({ metadata, spec = {}, status = {} }: Deployment): Deployment {
  const { replicas, paused, strategy, selector, template } = spec;
  const { observedGeneration, replicas: all, updatedReplicas, availableReplicas } = status;
  return {
    metadata: pruneMetadata(metadata),
    spec: defined({ replicas, paused, strategy, selector, template: pruneTemplate(template) }),
    status: defined({ observedGeneration, replicas: all, updatedReplicas, availableReplicas }),
  };
}

function pruneStatefulSet({ metadata, spec = {}, status = {} }: StatefulSet): StatefulSet {
  const { replicas, updateStrategy, selector, template } = spec;
  const { observedGeneration, updatedReplicas, availableReplicas } = status;
  return {
    metadata: pruneMetadata(metadata),
    spec: defined({ replicas, updateStrategy, selector, template: pruneTemplate(template) }),
    status: defined({ observedGeneration, updatedReplicas, availableReplicas }),
  };
}

function pruneDaemonSet({ metadata, spec = {}, status = {} }: DaemonSet): DaemonSet {
  const { updateStrategy, selector, template } = spec;
  const { observedGeneration, desiredNumberScheduled, updatedNumberScheduled, numberAvailable } = status;
  return {
    metadata: pruneMetadata(metadata),
    spec: defined({ updateStrategy, selector, template: pruneTemplate(template) }),
    status: defined({ observedGeneration, desiredNumberScheduled, updatedNumberScheduled, numberAvailable }),
  };
}

function pruneBudget({ metadata, spec = {}, status = {} }: PodDisruptionBudget): PodDisruptionBudget {
  const { disruptionsAllowed } = status;
  return {
    metadata: pruneMetadata(metadata),
    spec: defined({ selector: spec.selector }),
    status: defined({ disruptionsAllowed }),
  };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the properties that have no value. */
function defined<T extends object>(values: T): Defined<T> {
  // Only entries without a value are left out.
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
