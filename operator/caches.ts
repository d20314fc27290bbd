import { meshControlPlanes, meshRevisions, meshRevisionTags } from '../crds/kinds.ts';
import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
import type { MeshRevision } from '../crds/mesh-revision.ts';
import type { MeshRevisionTag } from '../crds/mesh-revision-tag.ts';
import { annotations, injectionLabels } from '../inject/names.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import type { Informer } from '../lib/kube/informer.ts';
import { createInformer } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { configMaps, leases, namespaces, pods, secrets } from '../lib/kube/resources.ts';
import type { ConfigMap, Lease, Namespace, Pod, Secret } from '../lib/kube/types.ts';
import type { Logger } from '../lib/logger.ts';
import type { Registry } from '../lib/metrics.ts';
import { sidecar } from '../lib/sidecar.ts';
import { caSecretName, caSecretRootKeys, istiodPodSelector, labelKeys, ownedSelector } from './names.ts';
import { ownedResources } from './owned-resources.ts';
import type { Stores } from './reconcile/world.ts';
import { indexUsage } from './revisions/usage.ts';

/** The informers of everything that a reconcile reads. Each is held to what concerns the operator. */
export interface Caches {
  readonly controlPlanes: Informer<MeshControlPlane>;
  /** It is among the owned ones, too. */
  readonly revisions: Informer<MeshRevision>;
  readonly tags: Informer<MeshRevisionTag>;
  readonly sidecars: Informer<KubeObject>;
  readonly namespaces: Informer<Namespace>;
  readonly pods: Informer<Pod>;
  readonly caSecrets: Informer<Secret>;
  readonly leases: Informer<Lease>;
  readonly rootCertificates: Informer<ConfigMap>;
  readonly owned: ReadonlyMap<Resource, Informer<KubeObject>>;
}

/** The part of an informer that does not depend on its kind. */
type AnyInformer = Pick<Informer<KubeObject>, 'name' | 'start' | 'stopped' | 'hasSynced' | 'isFollowing' | 'synced'>;

export function informersOf({ owned, ...single }: Caches): readonly AnyInformer[] {
  return [...new Set<AnyInformer>([...Object.values(single), ...owned.values()])];
}

export function createCaches(client: KubeClient, logger: Logger, metrics: Registry): Caches {
  const options = { logger: logger.child('informer'), metrics };
  const named = { fieldSelector: `metadata.name=${sidecar.rootCertConfigMap}` };
  const single = {
    controlPlanes: createInformer(client, meshControlPlanes, options),
    revisions: createInformer(client, meshRevisions, { ...options, labelSelector: ownedSelector }),
    tags: createInformer(client, meshRevisionTags, options),
    sidecars: createInformer<KubeObject>(client, pods, {
      ...options,
      labelSelector: sidecar.tlsModeLabel,
      // What has ended holds nothing.
      fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
      metadataOnly: true,
      prune: pruneSidecar,
    }),
    namespaces: createInformer(client, namespaces, { ...options, metadataOnly: true }),
    pods: createInformer(client, pods, { ...options, labelSelector: istiodPodSelector, prune: prunePod }),
    caSecrets: createInformer(client, secrets, {
      ...options,
      fieldSelector: `metadata.name=${caSecretName}`,
      prune: withoutPrivateKeys,
    }),
    leases: createInformer(client, leases, { ...options, labelSelector: labelKeys.istiodStatus }),
    rootCertificates: createInformer(client, configMaps, { ...options, ...named }),
  };
  const owned = new Map<Resource, Informer<KubeObject>>([
    ...ownedResources
      .filter((resource) => resource !== meshRevisions)
      .map(
        (resource) =>
          [resource, createInformer(client, resource, { ...options, labelSelector: ownedSelector })] as const,
      ),
    [meshRevisions, single.revisions],
  ]);
  indexUsage({ namespaces: single.namespaces.store, sidecars: single.sidecars.store });
  return { ...single, owned };
}

export function storesOf(caches: Caches): Stores {
  return {
    controlPlanes: caches.controlPlanes.store,
    revisions: caches.revisions.store,
    tags: caches.tags.store,
    sidecars: caches.sidecars.store,
    namespaces: caches.namespaces.store,
    pods: caches.pods.store,
    caSecrets: caches.caSecrets.store,
    leases: caches.leases.store,
    rootCertificates: caches.rootCertificates.store,
    owned: new Map([...caches.owned].map(([resource, { store }]) => [resource, store])),
  };
}

/** What `podProblem` and the status look at. */
function prunePod(pod: Pod): Pod {
  return { metadata: pod.metadata, ...(pod.status === undefined ? {} : { status: pod.status }) };
}

const sidecarLabels: readonly string[] = [injectionLabels.revision, 'pod-template-hash'];
const sidecarAnnotations: readonly string[] = [annotations.revision, annotations.givenRevision];

/** There may be ten thousand of them: what is kept is who made a pod and which revision it has. */
function pruneSidecar({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, ownerReferences, deletionTimestamp } = metadata;
  return {
    metadata: {
      name,
      labels: only(metadata.labels, sidecarLabels),
      annotations: only(metadata.annotations, sidecarAnnotations),
      ...(namespace === undefined ? {} : { namespace }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
  };
}

function only(
  values: Readonly<Record<string, string>> = {},
  keys: readonly string[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => keys.includes(key)));
}

/** The private keys of the mesh have no business in the operator's memory. */
function withoutPrivateKeys(secret: Secret): Secret {
  const data = Object.entries(secret.data ?? {}).filter(([key]) => caSecretRootKeys.some((rootKey) => rootKey === key));
  return { metadata: secret.metadata, data: Object.fromEntries(data) };
}
