import { isDeepStrictEqual } from 'node:util';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, LabelSelector } from '../../lib/kube/object.ts';
import { byNamespace } from '../../lib/kube/store.ts';
import type { Deployment, PodDisruptionBudget } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import type { FreshObjects } from '../reconcile/fresh-objects.ts';
import type { WorkloadObjects } from './observed-workloads.ts';
import { daemonSetRollout, deploymentRollout, statefulSetRollout } from './rollout.ts';
import type { WorkloadCaches } from './workload-caches.ts';
import { createWorkloadCaches } from './workload-caches.ts';
import type { MovableKind, WorkloadRef } from './workload.ts';

export interface FollowerOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** Answers to writes that the informers have not seen yet. */
  readonly fresh: FreshObjects;
  /** Called when anything of what is followed has changed, and when all of it has been read. */
  readonly onChange: () => void;
}

interface Following {
  readonly caches: WorkloadCaches;
  readonly stopping: AbortController;
}

/** Follows all workloads and budgets of the cluster for as long as somebody needs them. */
export class WorkloadFollower {
  readonly #options: FollowerOptions;
  #following: Following | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Starts following; does nothing when that has been started. */
  start(): void {
    if (this.#following !== undefined) return;
    const { client, logger, onChange } = this.#options;
    const caches = createWorkloadCaches(client, logger);
    const stopping = new AbortController();
    this.#following = { caches, stopping };
    const tellWhenRead = (): void => {
      if (isRead(caches) && !stopping.signal.aborted) onChange();
    };
    const listener = <T>(matters: (object: T) => unknown) => ({
      added: tellWhenRead,
      deleted: tellWhenRead,
      updated: (object: T, old: T) => {
        if (!isDeepStrictEqual(matters(object), matters(old))) tellWhenRead();
      },
    });
    caches.deployments.onChange(listener(deploymentRollout));
    caches.statefulSets.onChange(listener(statefulSetRollout));
    caches.daemonSets.onChange(listener(daemonSetRollout));
    caches.budgets.onChange(listener(({ spec, status }: PodDisruptionBudget) => ({ spec, status })));
    for (const informer of informersOf(caches)) informer.start(stopping.signal);
    Promise.all(informersOf(caches).map((informer) => informer.synced())).then(tellWhenRead, () => undefined);
  }

  async stop(): Promise<void> {
    const following = this.#following;
    if (following === undefined) return;
    this.#following = undefined;
    following.stopping.abort();
    await Promise.all(informersOf(following.caches).map(({ stopped }) => stopped));
  }

  /** Undefined until everything has been read once. */
  objects(): WorkloadObjects | undefined {
    const caches = this.#following?.caches;
    if (caches === undefined || !isRead(caches)) return undefined;
    const { fresh } = this.#options;
    return {
      find: (kind, namespace, name) => {
        const object = storeOf(caches, kind).get(namespace, name);
        return object && fresh.latest(object);
      },
      list: () =>
        kinds.flatMap((kind) =>
          storeOf(caches, kind)
            .list()
            .map((object) => ({ kind, object: fresh.latest(object) })),
        ),
      budgets: (namespace) => caches.budgets.store.byIndex(byNamespace, namespace),
    };
  }

  /** What selects a workload's pods. */
  selectorOf({ kind, namespace, name }: WorkloadRef): LabelSelector | undefined {
    const caches = this.#following?.caches;
    const object: Deployment | undefined = caches && storeOf(caches, kind).get(namespace, name);
    return object?.spec?.selector;
  }
}

const kinds: readonly MovableKind[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

function informersOf({ deployments, statefulSets, daemonSets, budgets }: WorkloadCaches) {
  return [deployments, statefulSets, daemonSets, budgets];
}

function isRead(caches: WorkloadCaches): boolean {
  return informersOf(caches).every(({ hasSynced }) => hasSynced);
}

function storeOf(
  caches: WorkloadCaches,
  kind: MovableKind,
): { get(namespace: string, name: string): KubeObject | undefined; list(): readonly KubeObject[] } {
  switch (kind) {
    case 'Deployment':
      return caches.deployments.store;
    case 'StatefulSet':
      return caches.statefulSets.store;
    case 'DaemonSet':
      return caches.daemonSets.store;
  }
}
