import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { configMaps, leases, pods, secrets } from '../../lib/kube/resources.ts';
import type { Pod } from '../../lib/kube/types.ts';
import type { Revision } from '../components/revision.ts';
import { caSecretName, istiodPodSelector, labelKeys, ownedRootCertificateSelector, ownedSelector } from '../names.ts';
import { deletionStages } from '../owned-resources.ts';
import { deleteObject } from './apply.ts';
import type { ProxyUsers } from './proxy-users.ts';
import { describeUsers, forceDeleteAnnotation, isDeletionForced, noUsers, proxyUsers } from './proxy-users.ts';

export interface FinalizeContext {
  readonly client: KubeClient;
  readonly controlPlane: Pick<MeshControlPlane, 'metadata' | 'spec'>;
  /** True when no other MeshControlPlane is left that needs the root certificates in namespaces. */
  readonly isLast: boolean;
  /** True when no other MeshControlPlane has the same namespace, and with it the same certificate authority. */
  readonly isLastOfNamespace: boolean;
}

/**
 * Deletes all that belongs to a control plane, stage by stage, once no proxy uses it any more (admission refuses the
 * deletion before; this holds what admission has not seen), or at once when it is told to go on. Returns undefined when nothing is left, else what has
 * to be waited for before the next stage. Everything is asked of the API server itself: an informer may not have seen
 * an object yet that was made a moment ago.
 *
 * `revisions` are all its values of `istio.io/rev`.
 *
 * What stays: the namespace, and in it the Secret of the certificate authority, since sidecars that still run and a
 * control plane that is installed again need it; the latter goes with `spec.ca.deletionPolicy: Delete`.
 */
export async function finalize(
  context: FinalizeContext,
  revision: Revision,
  revisions: readonly string[] = [revision.name],
): Promise<string | undefined> {
  const { client, controlPlane } = context;
  const users = isDeletionForced(controlPlane) ? noUsers : await proxyUsers(client, new Set(revisions));
  if (users.count > 0) return departureOf(users, controlPlane.metadata.name);
  const selector = `${ownedSelector},${labelKeys.controlPlane}=${revision.controlPlane}`;
  const [webhooks = [], workload = [], rest = []] = deletionStages;
  for (const resource of webhooks) await deleteAll(client, resource, selector);
  for (const resource of workload) await deleteAll(client, resource, selector);
  const pod = await remainingPod(client, revision);
  if (pod !== undefined) return pod;
  for (const resource of rest) await deleteAll(client, resource, selector);
  for (const name of revisions) {
    await deleteAll(client, leases, `${labelKeys.istiodStatus}=${name}`, revision.namespace);
  }
  if (context.isLast) await deleteAll(client, configMaps, ownedRootCertificateSelector);
  if (controlPlane.spec.ca.deletionPolicy === 'Delete' && context.isLastOfNamespace) {
    await client.delete(secrets, { namespace: revision.namespace, name: caSecretName });
  }
  return undefined;
}

function departureOf(users: ProxyUsers, name: string): string {
  const override = `kubectl annotate meshcontrolplane ${name} ${forceDeleteAnnotation}=true`;
  return `${describeUsers(users)}, which use it (to go on all the same: ${override})`;
}

async function deleteAll(
  client: KubeClient,
  resource: Resource,
  labelSelector: string,
  namespace?: string,
): Promise<void> {
  const { items } = await client.list(resource, {
    labelSelector,
    metadataOnly: true,
    ...(namespace === undefined ? {} : { namespace }),
  });
  for (const object of items) await deleteObject(client, { resource, object });
}

/** A pod of istiod still runs with the permissions that go next: it may be handing over its sidecars. */
async function remainingPod(client: KubeClient, revision: Revision): Promise<string | undefined> {
  const { items } = await client.list<Pod>(pods, {
    labelSelector: `${istiodPodSelector}=${revision.controlPlane}`,
    namespace: revision.namespace,
    metadataOnly: true,
  });
  const [first] = items.map(({ metadata }) => metadata.name).sort();
  if (first === undefined) return undefined;
  const others = items.length === 1 ? '' : ` and ${String(items.length - 1)} more`;
  return `pod ${revision.namespace}/${first}${others} to end`;
}
