import { meshControlPlanes } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isNotFound } from '../../lib/kube/error.ts';

/** Names at most this many. */
const mostNamed = 10;

/**
 * Why the operator must not be uninstalled: MeshControlPlanes are left, which nobody would take away then. Undefined
 * when there is none, or when their kind is gone altogether.
 */
export async function uninstallObstacle(client: Pick<KubeClient, 'list'>): Promise<string | undefined> {
  const left = await controlPlaneNames(client);
  if (left.length === 0) return undefined;
  const rest = left.length > mostNamed ? ` and ${String(left.length - mostNamed)} more` : '';
  const named = left.slice(0, mostNamed).join(', ');
  return (
    `MeshControlPlanes are left: ${named}${rest}. Without the operator nobody takes away what belongs to them, and they ` +
    'can never be deleted. Delete them first: kubectl delete meshcontrolplanes --all. To uninstall all the same: ' +
    'helm uninstall --no-hooks. To keep the release: helm rollback with the revision that helm history shows last'
  );
}

async function controlPlaneNames(client: Pick<KubeClient, 'list'>): Promise<readonly string[]> {
  try {
    const { items } = await client.list(meshControlPlanes, { metadataOnly: true });
    return items.map(({ metadata }) => metadata.name).sort();
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
}
