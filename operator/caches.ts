import { meshControlPlanes } from '../crds/kinds.ts';
import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
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

/** The informers of everything that a reconcile reads. Each is held to what concerns the operator. */
export interface Caches {
  readonly controlPlanes: Informer<MeshControlPlane>;
  readonly namespaces: Informer<Namespace>;
  readonly pods: Informer<Pod>;
  readonly caSecrets: Informer<Secret>;
  readonly leases: Informer<Lease>;
  readonly rootCertificates: Informer<ConfigMap>;
  readonly owned: ReadonlyMap<Resource, Informer<KubeObject>>;
}

/** The part of an informer that does not depend on its kind. */
type AnyInformer = Pick<Informer<KubeObject>, 'start' | 'stopped' | 'hasSynced' | 'synced'>;

export function informersOf({ owned, ...single }: Caches): readonly AnyInformer[] {
  return [...Object.values(single), ...owned.values()];
}

export function createCaches(client: KubeClient, logger: Logger, metrics: Registry): Caches {
  const options = { logger: logger.child('informer'), metrics };
  const named = { fieldSelector: `metadata.name=${sidecar.rootCertConfigMap}` };
  const single = {
    controlPlanes: createInformer(client, meshControlPlanes, options),
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
  const owned = new Map(
    ownedResources.map((resource) => [
      resource,
      createInformer(client, resource, { ...options, labelSelector: ownedSelector }),
    ]),
  );
  return { ...single, owned };
}

export function storesOf(caches: Caches): Stores {
  return {
    controlPlanes: caches.controlPlanes.store,
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

/** The private keys of the mesh have no business in the operator's memory. */
function withoutPrivateKeys(secret: Secret): Secret {
  const data = Object.entries(secret.data ?? {}).filter(([key]) => caSecretRootKeys.some((rootKey) => rootKey === key));
  return { metadata: secret.metadata, data: Object.fromEntries(data) };
}
