import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { leases, pods } from '../../lib/kube/resources.ts';
import type { Logger } from '../../lib/logger.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { labelKeys } from '../names.ts';
import { revisionOfPod } from '../revisions/usage.ts';
import { deleteObject } from './apply.ts';
import type { LiveRevision } from './live-revisions.ts';
import type { World } from './world.ts';

/**
 * Whether no pod has a sidecar of these revisions, asked of the API server: an informer may be behind it, after an
 * outage by much. False as well when it cannot be learned.
 */
export async function areUnused(
  client: KubeClient,
  revisions: readonly LiveRevision[],
  logger: Logger,
): Promise<boolean> {
  const wanted = new Set(revisions.filter(({ hasIstiod }) => hasIstiod).map(({ record }) => record.spec.revision));
  if (wanted.size === 0) return true;
  try {
    const { items } = await client.list<KubeObject>(pods, {
      labelSelector: sidecar.tlsModeLabel,
      fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
      metadataOnly: true,
    });
    return !items.some((pod) => wanted.has(revisionOfPod(pod) ?? ''));
  } catch (error) {
    logger.warn('whether revisions are in use cannot be learned, so they are kept', { revisions: [...wanted], error });
    return false;
  }
}

/** What carries no label of the control plane and goes with its revision: the reports of its replicas. */
export async function deletePruned(client: KubeClient, world: World, pruned: readonly LiveRevision[]): Promise<void> {
  const gone = new Set(pruned.filter(({ hasIstiod }) => hasIstiod).map(({ record }) => record.spec.revision));
  for (const lease of world.leases) {
    if (!gone.has(lease.metadata.labels?.[labelKeys.istiodStatus] ?? '')) continue;
    await deleteObject(client, { resource: leases, object: lease });
  }
}
