import { meshControlPlanes } from '../../crds/kinds.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isForbidden, isNotFound } from '../../lib/kube/error.ts';
import { configMaps } from '../../lib/kube/resources.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { bundleOf, readRootCertificate, rootCertificateConfigMap } from '../components/root-certificate.ts';
import { isInMesh } from '../mesh-namespaces.ts';
import { caSecretName, namespacesWithoutRootCertificate } from '../names.ts';
import { isOurs } from '../ownership.ts';
import { applyObject, deleteObject, ForeignObjectError } from './apply.ts';
import type { FreshObjects } from './fresh-objects.ts';
import { isServing } from './serving.ts';
import type { Stores } from './world.ts';

/**
 * The roots of every control plane that serves, as one bundle: a pod may be moved from one revision to another, and
 * its namespace has a single ConfigMap. Undefined when there is none yet.
 */
export function trustBundle(stores: Pick<Stores, 'controlPlanes' | 'caSecrets' | 'owned'>): string | undefined {
  const roots = stores.controlPlanes
    .list()
    .filter((controlPlane) => isServing(stores, controlPlane))
    .map(({ spec }) => readRootCertificate(stores.caSecrets.get(spec.namespace, caSecretName)))
    .flatMap((root) => (root.state === 'present' ? [root.pem] : []));
  return bundleOf(roots);
}

/** Whether any control plane serves: while one has no root yet, what is in namespaces is left as it is. */
function hasControlPlane(stores: Stores): boolean {
  return stores.controlPlanes.list().some((controlPlane) => isServing(stores, controlPlane));
}

export interface RootCertificateContext {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly fresh: FreshObjects;
}

/** Brings the root certificate of one namespace to what it has to be. */
export async function reconcileRootCertificate(
  { client, stores, fresh }: RootCertificateContext,
  namespace: string,
): Promise<void> {
  if (!wantsRootCertificate(stores, namespace)) return;
  const live = stores.rootCertificates.get(namespace, sidecar.rootCertConfigMap);
  const isMember = isInMesh(stores, namespace);
  const bundle = isMember ? trustBundle(stores) : undefined;
  if (bundle === undefined) {
    if (live === undefined || !isOurs(live)) return;
    if (isMember && (hasControlPlane(stores) || (await isNeeded(client)))) return;
    await deleteObject(client, { resource: configMaps, object: live });
    return;
  }
  try {
    const context = { client, fresh, controlPlane: '', exists: () => false };
    await applyObject(context, rootCertificateConfigMap(namespace, bundle), live);
  } catch (error) {
    // Of somebody else: left alone, the status of the MeshControlPlanes says so. Or the namespace goes or is gone.
    if (error instanceof ForeignObjectError || isNotFound(error)) return;
    if (isForbidden(error) && /because it is being terminated/.test(error.rawMessage)) return;
    throw error;
  }
}

/** Asked of the API server itself: an informer that is behind, or was sent too little, must not take all trust away. */
async function isNeeded(client: KubeClient): Promise<boolean> {
  const { items } = await client.list(meshControlPlanes, { metadataOnly: true });
  return items.some(({ metadata }) => metadata.deletionTimestamp === undefined);
}

function wantsRootCertificate({ namespaces }: Stores, name: string): boolean {
  const namespace = namespaces.get(undefined, name);
  return (
    namespace !== undefined &&
    namespace.metadata.deletionTimestamp === undefined &&
    !namespacesWithoutRootCertificate.includes(name)
  );
}
