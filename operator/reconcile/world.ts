import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { KubeObject, LabelSelector } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { deployments } from '../../lib/kube/resources.ts';
import type { Store } from '../../lib/kube/store.ts';
import { byNamespace } from '../../lib/kube/store.ts';
import type { ConfigMap, Deployment, Lease, Namespace, Pod, Secret } from '../../lib/kube/types.ts';
import type { RootCertificate } from '../components/root-certificate.ts';
import { readRootCertificate } from '../components/root-certificate.ts';
import type { Revision } from '../components/revision.ts';
import { controlPlaneOf, isOurs } from '../ownership.ts';
import type { FreshObjects } from './fresh-objects.ts';
import { isInMesh } from '../mesh-namespaces.ts';
import { caSecretName, istiodName } from '../names.ts';

/** What the informers know. */
export interface Stores {
  readonly controlPlanes: Store<MeshControlPlane>;
  /** Metadata only. */
  readonly namespaces: Store<Namespace>;
  /** Pods of every istiod. */
  readonly pods: Store<Pod>;
  /** The Secrets of certificate authorities, without their private keys. */
  readonly caSecrets: Store<Secret>;
  /** In which istiod's replicas report their proxies. */
  readonly leases: Store<Lease>;
  /** Every ConfigMap named `istio-ca-root-cert`, whoever made it. */
  readonly rootCertificates: Store<ConfigMap>;
  /** Objects that carry the operator's label, by kind. */
  readonly owned: ReadonlyMap<Resource, Store<KubeObject>>;
  /** The namespaces of the mesh; all of them without. */
  readonly meshNamespaces?: LabelSelector;
}

export interface LiveObject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

/** All that is read for one reconcile of a MeshControlPlane. */
export interface World {
  readonly controlPlane: MeshControlPlane;
  /** The other MeshControlPlanes. */
  readonly siblings: readonly MeshControlPlane[];
  readonly namespace: Namespace | undefined;
  readonly rootCertificate: RootCertificate;
  /** What carries the name of this control plane. */
  readonly owned: readonly LiveObject[];
  readonly pods: readonly Pod[];
  readonly leases: readonly Lease[];
  /** Namespaces of the mesh whose `istio-ca-root-cert` belongs to somebody else. */
  readonly rootCertificateConflicts: readonly string[];
}

/** Reads everything; undefined when the object is gone. */
export function gather(stores: Stores, fresh: FreshObjects, name: string): World | undefined {
  const seen = stores.controlPlanes.get(undefined, name);
  if (seen === undefined) return undefined;
  const controlPlane = fresh.latest(seen);
  const { namespace } = controlPlane.spec;
  const isMine = (object: KubeObject): boolean => controlPlaneOf(object) === name;
  return {
    controlPlane,
    siblings: stores.controlPlanes.list().filter(({ metadata }) => metadata.name !== name),
    namespace: stores.namespaces.get(undefined, namespace),
    rootCertificate: readRootCertificate(stores.caSecrets.get(namespace, caSecretName)),
    owned: [...stores.owned].flatMap(([resource, store]) =>
      store
        .list()
        .filter(isMine)
        .map((object) => ({ resource, object })),
    ),
    pods: stores.pods.list().filter(isMine),
    leases: stores.leases.byIndex(byNamespace, namespace),
    rootCertificateConflicts: foreignNamespaces(stores),
  };
}

function foreignNamespaces(stores: Stores): readonly string[] {
  return stores.rootCertificates
    .list()
    .filter((configMap) => !isOurs(configMap))
    .map(({ metadata }) => metadata.namespace ?? '')
    .filter((namespace) => isInMesh(stores, namespace))
    .sort();
}

/** istiod's Deployment among the given objects. */
export function deploymentOf(owned: readonly LiveObject[], revision: Revision): Deployment | undefined {
  return owned.find(
    ({ resource, object: { metadata } }) =>
      resource === deployments &&
      metadata.namespace === revision.namespace &&
      metadata.name === istiodName(revision.name),
  )?.object;
}
