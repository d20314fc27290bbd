import { applyDefaults } from '../crds/defaults.ts';
import type { MeshControlPlane, MeshControlPlaneSpecInput } from '../crds/mesh-control-plane.ts';
import { meshControlPlane } from '../crds/mesh-control-plane.ts';
import type { MeshRevision } from '../crds/mesh-revision.ts';
import type { MeshRevisionTag } from '../crds/mesh-revision-tag.ts';
import type { KubeObject, ObjectMeta } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { ObjectStore } from '../lib/kube/store.ts';
import type { ConfigMap, Lease, Namespace, Pod, Secret } from '../lib/kube/types.ts';
import type { OperatorDefaults } from './components/revision.ts';
import { ownedResources } from './owned-resources.ts';
import type { Stores, World } from './reconcile/world.ts';
import { noObservations } from './reconcile/world.ts';
import { indexUsage } from './revisions/usage.ts';

/** What the operator's tests are made with. */

export const testDefaults: OperatorDefaults = {
  version: '0.1.0',
  images: { istiod: 'meltemi/meltemi:0.1.0', proxy: 'meltemi/proxy:0.1.0' },
  logFormat: 'json',
};

/** As the API server would give it out: with all defaults. */
export function testControlPlane(
  name: string,
  spec: MeshControlPlaneSpecInput = {},
  metadata: Partial<ObjectMeta> = {},
): MeshControlPlane {
  return {
    apiVersion: 'meltemi.dev/v1alpha1',
    kind: meshControlPlane.kind,
    metadata: {
      name,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: applyDefaults(meshControlPlane.spec, spec),
  };
}

/** Stores of informers that a test fills by itself. */
export interface TestStores extends Stores {
  readonly controlPlanes: ObjectStore<MeshControlPlane>;
  readonly revisions: ObjectStore<MeshRevision>;
  readonly tags: ObjectStore<MeshRevisionTag>;
  readonly sidecars: ObjectStore<KubeObject>;
  readonly namespaces: ObjectStore<Namespace>;
  readonly pods: ObjectStore<Pod>;
  readonly caSecrets: ObjectStore<Secret>;
  readonly leases: ObjectStore<Lease>;
  readonly rootCertificates: ObjectStore<ConfigMap>;
  readonly owned: ReadonlyMap<Resource, ObjectStore<KubeObject>>;
}

export function testStores(): TestStores {
  const namespaces = emptyStore<Namespace>();
  const sidecars = emptyStore();
  indexUsage({ namespaces, sidecars });
  return {
    controlPlanes: emptyStore(),
    revisions: emptyStore(),
    tags: emptyStore(),
    sidecars,
    namespaces,
    pods: emptyStore(),
    caSecrets: emptyStore(),
    leases: emptyStore(),
    rootCertificates: emptyStore(),
    owned: new Map(ownedResources.map((resource) => [resource, emptyStore()])),
  };
}

/** The world of a control plane of which nothing is there yet but a root certificate. */
export function testWorld(parts: Partial<World> = {}): World {
  return {
    controlPlane: testControlPlane('default'),
    siblings: [],
    surroundings: { controlPlanes: [], revisions: [] },
    tags: [],
    usage: { byRevision: new Map(), namespacesByName: new Map() },
    upgrade: noObservations,
    namespace: { metadata: { name: 'istio-system' } },
    rootCertificate: { state: 'present', pem: 'PEM' },
    owned: [],
    pods: [],
    leases: [],
    rootCertificateConflicts: [],
    ...parts,
  };
}

function emptyStore<T extends KubeObject>(): ObjectStore<T> {
  return new ObjectStore<T>((index, _object, error) => {
    throw new Error(`index ${index}`, { cause: error });
  });
}
