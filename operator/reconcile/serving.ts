import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { deployments } from '../../lib/kube/resources.ts';
import { controlPlaneOf } from '../ownership.ts';
import type { Stores } from './world.ts';

/**
 * Whether sidecars may live by a control plane: it is to stay, or it is deleted and its istiod is still there, which it
 * is as long as the deletion waits for proxies to go.
 */
export function isServing({ owned }: Pick<Stores, 'owned'>, { metadata }: Pick<MeshControlPlane, 'metadata'>): boolean {
  if (metadata.deletionTimestamp === undefined) return true;
  const istiods = owned.get(deployments)?.list() ?? [];
  return istiods.some((deployment) => controlPlaneOf(deployment) === metadata.name);
}
