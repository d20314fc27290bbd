import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { meshRevisions } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isNotFound } from '../../lib/kube/error.ts';
import { desiredObjects } from '../components/components.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { revisionOf } from '../components/revision.ts';
import { proxyUsers } from '../reconcile/proxy-users.ts';
import type { Stores } from '../reconcile/world.ts';
import { createAccessReviewer } from './access-review.ts';
import { misfitOf } from './misfit.ts';
import type { ReviewContext } from './review.ts';

export interface AdmissionSources {
  readonly client: KubeClient;
  readonly stores: Pick<Stores, 'controlPlanes' | 'namespaces'>;
  readonly defaults: OperatorDefaults;
}

/** Stands for whatever the root will be: which objects there are does not depend on it. */
const someRoot = 'the root certificate';

/** What a review is judged by. */
export function reviewContext({ client, stores, defaults }: AdmissionSources): Omit<ReviewContext, 'operator'> {
  return {
    access: createAccessReviewer({ client }),
    desiredOf: (controlPlane) => desiredObjects(revisionOf(controlPlane, defaults, someRoot)),
    namespaceExists: (name) => stores.namespaces.get(undefined, name) !== undefined,
    misfitOf: (controlPlane, before) => misfitOf(stores, defaults, controlPlane, before),
    usersOf: async (controlPlane) => proxyUsers(client, await revisionsOf(client, controlPlane)),
  };
}

/** The values of `istio.io/rev` that sidecars of a control plane may have. */
export async function revisionsOf(
  client: Pick<KubeClient, 'list'>,
  controlPlane: MeshControlPlane,
): Promise<ReadonlySet<string>> {
  const { name } = controlPlane.metadata;
  const own = [revisionName(controlPlane)];
  try {
    const { items } = await client.list(meshRevisions);
    const recorded = items.filter(({ spec }) => spec.controlPlane === name).map(({ spec }) => spec.revision);
    return new Set([...own, ...recorded]);
  } catch (error) {
    // The kind came later than the operator: there are none.
    if (isNotFound(error)) return new Set(own);
    throw error;
  }
}
