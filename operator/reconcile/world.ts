import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import { meshRevisions } from '../../crds/kinds.ts';
import type { MeshRevision } from '../../crds/mesh-revision.ts';
import type { MeshRevisionTag } from '../../crds/mesh-revision-tag.ts';
import type { KubeObject, LabelSelector } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { configMaps, deployments } from '../../lib/kube/resources.ts';
import type { Store } from '../../lib/kube/store.ts';
import { byNamespace } from '../../lib/kube/store.ts';
import type { ConfigMap, Deployment, Lease, Namespace, Pod, Secret } from '../../lib/kube/types.ts';
import type { RootCertificate } from '../components/root-certificate.ts';
import { readRootCertificate } from '../components/root-certificate.ts';
import type { Revision } from '../components/revision.ts';
import { controlPlaneOf, isOurs } from '../ownership.ts';
import type { LiveIstiod } from '../revisions/adopted-record.ts';
import type { TagSurroundings } from '../revisions/tag-target.ts';
import type { UpgradeInput } from '../upgrade/input.ts';
import type { Usage } from '../revisions/usage.ts';
import { readUsage } from '../revisions/usage.ts';
import { conditionTypes, reasons } from './conditions.ts';
import type { FreshObjects } from './fresh-objects.ts';
import { isInMesh } from '../mesh-namespaces.ts';
import { caSecretName, configMapName, istiodName } from '../names.ts';

/** What the informers know. */
export interface Stores {
  readonly controlPlanes: Store<MeshControlPlane>;
  /** Those that the operator has made; they are among the owned objects, too. */
  readonly revisions: Store<MeshRevision>;
  readonly tags: Store<MeshRevisionTag>;
  /** Pods with a sidecar that have not ended. Metadata only. */
  readonly sidecars: Store<KubeObject>;
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

/** What an upgrade rests on besides the revisions themselves. */
export type UpgradeObservations = Pick<UpgradeInput, 'workloads' | 'unmovable' | 'preflight' | 'readings'>;

/** Nothing is known, and nothing stands in the way. */
export const noObservations: UpgradeObservations = { workloads: [], unmovable: [], preflight: [], readings: undefined };

/** All that is read for one reconcile of a MeshControlPlane. */
export interface World {
  readonly controlPlane: MeshControlPlane;
  /** The other MeshControlPlanes. */
  readonly siblings: readonly MeshControlPlane[];
  readonly namespace: Namespace | undefined;
  readonly rootCertificate: RootCertificate;
  /** All of the cluster. */
  readonly surroundings: TagSurroundings;
  readonly tags: readonly MeshRevisionTag[];
  readonly usage: Usage;
  /** What an upgrade has to know of workloads. */
  readonly upgrade: UpgradeObservations;
  /** What carries the name of this control plane. */
  readonly owned: readonly LiveObject[];
  readonly pods: readonly Pod[];
  readonly leases: readonly Lease[];
  /** Namespaces of the mesh whose `istio-ca-root-cert` belongs to somebody else. */
  readonly rootCertificateConflicts: readonly string[];
}

/** Reads everything; undefined when the object is gone. */
export function gather(
  stores: Stores,
  fresh: FreshObjects,
  name: string,
  upgrade: UpgradeObservations = noObservations,
): World | undefined {
  const seen = stores.controlPlanes.get(undefined, name);
  if (seen === undefined) return undefined;
  const controlPlane = fresh.latest(seen);
  const { namespace } = controlPlane.spec;
  const isMine = (object: KubeObject): boolean => controlPlaneOf(object) === name;
  const controlPlanes = stores.controlPlanes.list();
  const revisions = stores.revisions.list().map((revision) => fresh.latest(revision));
  const tags = stores.tags.list();
  return {
    controlPlane,
    siblings: controlPlanes.filter(({ metadata }) => metadata.name !== name),
    surroundings: { controlPlanes, revisions },
    tags,
    upgrade,
    usage: usageOf(stores, controlPlane, revisions, tags),
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

function usageOf(
  stores: Stores,
  controlPlane: MeshControlPlane,
  revisions: readonly MeshRevision[],
  tags: readonly MeshRevisionTag[],
): Usage {
  const own = revisions.filter(({ spec }) => spec.controlPlane === controlPlane.metadata.name);
  const prefix = revisionName(controlPlane);
  const values = new Set([prefix, ...own.map(({ spec }) => spec.revision)]);
  const names = [prefix, ...own.map(({ metadata }) => metadata.name), ...tags.map(({ metadata }) => metadata.name)];
  return readUsage(stores, [...values], names);
}

function foreignNamespaces(stores: Stores): readonly string[] {
  return stores.rootCertificates
    .list()
    .filter((configMap) => !isOurs(configMap))
    .map(({ metadata }) => metadata.namespace ?? '')
    .filter((namespace) => isInMesh(stores, namespace))
    .sort();
}

/** The MeshRevisions of a control plane that are to stay, the newest first. */
export function revisionsOf({ controlPlane, surroundings }: World): readonly MeshRevision[] {
  return surroundings.revisions
    .filter(({ metadata, spec }) => {
      return spec.controlPlane === controlPlane.metadata.name && metadata.deletionTimestamp === undefined;
    })
    .sort((a, b) => (ageKey(a) < ageKey(b) ? 1 : -1));
}

/** Whether the istiod of its revision has the content of another record by now. */
export function isSuperseded({ status }: MeshRevision): boolean {
  return (
    status?.conditions?.some(({ type, reason }) => type === conditionTypes.ready && reason === reasons.superseded) ===
    true
  );
}

function ageKey({ metadata }: MeshRevision): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}

/** A MeshRevision as it was just written, or else as it was seen. */
export function revisionObjectOf(
  { surroundings }: World,
  present: readonly LiveObject[],
  name: string,
): MeshRevision | undefined {
  const written = present.find(({ resource, object }) => resource === meshRevisions && object.metadata.name === name);
  // What a write was answered by has the resource's type.
  const object = written?.object as MeshRevision | undefined;
  return object ?? surroundings.revisions.find(({ metadata }) => metadata.name === name);
}

/** istiod's Deployment among the given objects. */
export function deploymentOf(
  owned: readonly LiveObject[],
  { namespace, name }: Pick<Revision, 'namespace' | 'name'>,
): Deployment | undefined {
  return objectOf<Deployment>(owned, deployments, namespace, istiodName(name));
}

/** The objects of an istiod by its value of `istio.io/rev`. */
export function istiodOf({ owned, controlPlane }: World, revision: string): LiveIstiod {
  const { namespace } = controlPlane.spec;
  return {
    deployment: deploymentOf(owned, { namespace, name: revision }),
    configuration: objectOf<ConfigMap>(owned, configMaps, namespace, configMapName(revision)),
  };
}

function objectOf<T extends KubeObject>(
  owned: readonly LiveObject[],
  wanted: Resource<T>,
  namespace: string,
  name: string,
): T | undefined {
  const found = owned.find(
    ({ resource, object: { metadata } }) =>
      resource === wanted && metadata.namespace === namespace && metadata.name === name,
  );
  // The informer of a resource holds objects of its type.
  return found?.object as T | undefined;
}
