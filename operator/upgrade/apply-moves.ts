import { annotations } from '../../inject/names.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isConflict, isNotFound } from '../../lib/kube/error.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { daemonSets, deployments, statefulSets } from '../../lib/kube/resources.ts';
import { describeError } from '../../lib/errors.ts';
import { typeOf } from '../type-meta.ts';
import type { Move } from './input.ts';
import type { MovableKind } from './workload.ts';
import { labelOf } from './workload.ts';

/** Owns the annotation of templates, and nothing else. */
export const upgradeFieldManager = 'meltemi-upgrade';

export const movableResources: Readonly<Record<MovableKind, Resource>> = {
  Deployment: deployments,
  StatefulSet: statefulSets,
  DaemonSet: daemonSets,
};

export type MoveOutcome =
  | { readonly kind: 'moved'; readonly answer: KubeObject }
  /** It is not there any more; nothing is left to be moved. */
  | { readonly kind: 'gone' }
  /** Somebody else owns the annotation. */
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Gives a workload's pods to a revision, or takes that away: server-side apply of the one annotation, which the manager
 * gives up by applying without it. With `present`'s uid, so that nothing is made that was deleted meanwhile.
 */
export async function applyMove(
  client: KubeClient,
  { workload, revision }: Move,
  present: KubeObject,
): Promise<MoveOutcome> {
  const resource = movableResources[workload.kind];
  const { name, namespace, uid } = present.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
  const template = { metadata: { annotations: { [annotations.givenRevision]: revision } } };
  const object = { ...typeOf(resource), metadata, ...(revision === undefined ? {} : { spec: { template } }) };
  try {
    return { kind: 'moved', answer: await client.apply(resource, object, { fieldManager: upgradeFieldManager }) };
  } catch (error) {
    if (isNotFound(error)) return { kind: 'gone' };
    if (!isConflict(error)) throw new Error(`cannot move ${labelOf(workload)}`, { cause: error });
    const message = `its annotation ${annotations.givenRevision} is kept by somebody else: ${describeError(error)}`;
    return { kind: 'refused', message };
  }
}
