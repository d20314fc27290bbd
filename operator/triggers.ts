import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
import type { ChangeListener } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import type { Secret } from '../lib/kube/types.ts';
import type { Caches } from './caches.ts';
import { annotationKeys, labelKeys } from './names.ts';
import { controlPlaneOf, isOurs } from './ownership.ts';
import { trustBundle } from './reconcile/root-certificates.ts';
import { storesOf } from './caches.ts';

/** Puts a key into a queue. */
type Enqueue = (key: string) => void;

/** Has `enqueue` called with the name of each MeshControlPlane that a change concerns. Returns what ends that. */
export function watchControlPlanes(caches: Caches, enqueue: Enqueue): () => void {
  const byLabel = forEach<KubeObject>((object) => {
    const name = controlPlaneOf(object);
    if (name !== undefined) enqueue(name);
  });
  const ofNamespace = (namespace: string): void => {
    for (const { metadata, spec } of caches.controlPlanes.store.list()) {
      if (spec.namespace === namespace) enqueue(metadata.name);
    }
  };
  const everyone = (): void => {
    for (const { metadata } of caches.controlPlanes.store.list()) enqueue(metadata.name);
  };
  return all([
    caches.controlPlanes.onChange(controlPlaneListener(enqueue, everyone)),
    ...[...caches.owned.values()].map((informer) => informer.onChange(byLabel)),
    caches.pods.onChange(byLabel),
    caches.caSecrets.onChange(forEach<Secret>(({ metadata }) => ofNamespace(metadata.namespace ?? ''))),
    caches.leases.onChange(proxyReports(ofNamespace)),
    caches.namespaces.onChange(lifeOfNamespaces(ofNamespace)),
    caches.rootCertificates.onChange(foreignersOnly(everyone)),
  ]);
}

/** Has `enqueue` called with each namespace whose root certificate may have to change. Returns what ends that. */
export function watchRootCertificates(caches: Caches, enqueue: Enqueue): () => void {
  const stores = storesOf(caches);
  let bundle: string | undefined;
  let controlPlanes = 0;
  const everywhere = (): void => {
    const before = { bundle, controlPlanes };
    bundle = trustBundle(stores);
    controlPlanes = stores.controlPlanes
      .list()
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined).length;
    // Any other change of a MeshControlPlane is no business of a thousand namespaces.
    if (bundle === before.bundle && (controlPlanes === 0) === (before.controlPlanes === 0)) return;
    for (const { metadata } of stores.namespaces.list()) enqueue(metadata.name);
  };
  return all([
    caches.controlPlanes.onChange(forEach<MeshControlPlane>(everywhere)),
    caches.caSecrets.onChange(forEach<Secret>(everywhere)),
    caches.namespaces.onChange(lifeOfNamespaces(enqueue, ({ metadata }) => JSON.stringify(metadata.labels))),
    caches.rootCertificates.onChange(forEach<KubeObject>(({ metadata }) => enqueue(metadata.namespace ?? ''))),
  ]);
}

function all(unsubscribes: readonly (() => void)[]): () => void {
  return () => {
    for (const unsubscribe of unsubscribes) unsubscribe();
  };
}

function forEach<T extends KubeObject>(call: (object: T) => void): ChangeListener<T> {
  return {
    added: call,
    updated: (object, old) => {
      call(object);
      // A label that names another owner now concerns the former one too.
      if (controlPlaneOf(object) !== controlPlaneOf(old)) call(old);
    },
    deleted: call,
  };
}

/** A deleted object may set another one free: its revision's name, or the last root certificates. */
function controlPlaneListener(enqueue: Enqueue, everyone: () => void): ChangeListener<MeshControlPlane> {
  return {
    added: ({ metadata }) => enqueue(metadata.name),
    updated: ({ metadata }) => enqueue(metadata.name),
    deleted: everyone,
  };
}

/** Replicas renew their Leases all the time; only their numbers matter. */
function proxyReports(ofNamespace: (namespace: string) => void): ChangeListener<KubeObject> {
  const report = ({ metadata }: KubeObject): string =>
    [
      metadata.annotations?.[annotationKeys.connectedProxies],
      metadata.annotations?.[annotationKeys.syncedProxies],
      metadata.labels?.[labelKeys.istiodStatus],
    ].join();
  const call = ({ metadata }: KubeObject): void => ofNamespace(metadata.namespace ?? '');
  return {
    added: call,
    updated: (object, old) => {
      if (report(object) !== report(old)) call(object);
    },
    deleted: call,
  };
}

/** `matters` is what else of a namespace is worth a call when it changes. */
function lifeOfNamespaces(
  call: (name: string) => void,
  matters: (object: KubeObject) => unknown = () => undefined,
): ChangeListener<KubeObject> {
  return {
    added: ({ metadata }) => call(metadata.name),
    updated: (object, old) => {
      const { deletionTimestamp, name } = object.metadata;
      if (deletionTimestamp !== old.metadata.deletionTimestamp || matters(object) !== matters(old)) call(name);
    },
    deleted: ({ metadata }) => call(metadata.name),
  };
}

function foreignersOnly(everyone: () => void): ChangeListener<KubeObject> {
  const call = (object: KubeObject): void => {
    if (!isOurs(object)) everyone();
  };
  return {
    added: call,
    updated: (object, old) => {
      if (isOurs(object) !== isOurs(old)) everyone();
    },
    deleted: call,
  };
}
