import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
import type { ChangeListener } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import type { Secret } from '../lib/kube/types.ts';
import type { Caches } from './caches.ts';
import { annotationKeys, labelKeys } from './names.ts';
import { controlPlaneOf, isOurs } from './ownership.ts';
import { mutatingWebhookConfigurations } from '../lib/kube/resources.ts';
import type { MeshRevisionTag } from '../crds/mesh-revision-tag.ts';
import { nameAskedByNamespace, nameAskedByPod, revisionOfPod } from './revisions/usage.ts';
import { trustBundle } from './reconcile/root-certificates.ts';
import { isSuperseded } from './reconcile/world.ts';
import { isServing } from './reconcile/serving.ts';
import { storesOf } from './caches.ts';

/** Puts a key into a queue, at once or after some milliseconds. */
export type Enqueue = (key: string, afterMs?: number) => void;

/** Pods come and go in crowds; they are counted once for all that do within this time. */
const usageDelayMs = 1_000;

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
    // One that is new may have the name of a tag, whose webhooks have to make way.
    caches.controlPlanes.onChange({ added: () => ofTags(caches, enqueue) }),
    ...[...caches.owned.values()].map((informer) => informer.onChange(byLabel)),
    caches.pods.onChange(byLabel),
    caches.caSecrets.onChange(forEach<Secret>(({ metadata }) => ofNamespace(metadata.namespace ?? ''))),
    caches.leases.onChange(proxyReports(ofNamespace)),
    caches.namespaces.onChange(lifeOfNamespaces(ofNamespace)),
    caches.rootCertificates.onChange(foreignersOnly(everyone)),
    caches.tags.onChange(specOf(everyone)),
    caches.revisions.onChange(comingAndGoing(() => ofTags(caches, enqueue))),
    caches.sidecars.onChange(usersBy(revisionOfPod, (revision) => ofRevision(caches, revision, enqueue))),
    caches.namespaces.onChange(
      usersBy(nameAskedByNamespace, () => {
        for (const { metadata } of caches.controlPlanes.store.list()) enqueue(metadata.name, usageDelayMs);
      }),
    ),
  ]);
}

/** A tag may be pinned to a revision of one control plane and concern another one that has its webhooks. */
function ofTags(caches: Caches, enqueue: Enqueue): void {
  if (caches.tags.store.size === 0) return;
  for (const { metadata } of caches.controlPlanes.store.list()) enqueue(metadata.name);
}

function ofRevision({ revisions }: Caches, revision: string, enqueue: Enqueue): void {
  const owners = revisions.store.list().filter(({ spec }) => spec.revision === revision);
  for (const name of new Set(owners.map(({ spec }) => spec.controlPlane))) enqueue(name, usageDelayMs);
}

/** Has `enqueue` called with each tag whose status may have to change. Returns what ends that. */
export function watchTags(caches: Caches, enqueue: Enqueue): () => void {
  const everyTag = (): void => {
    for (const { metadata } of caches.tags.store.list()) enqueue(metadata.name);
  };
  const named = (name: string): void => {
    if (caches.tags.store.get(undefined, name) !== undefined) enqueue(name, usageDelayMs);
  };
  return all([
    caches.tags.onChange(forEach<KubeObject>(({ metadata }) => enqueue(metadata.name))),
    caches.controlPlanes.onChange(
      whenOther<MeshControlPlane>(({ metadata, status }) => {
        return [metadata.deletionTimestamp, status?.activeRevision].join();
      }, everyTag),
    ),
    caches.revisions.onChange(comingAndGoing(everyTag)),
    caches.revisions.onChange(whenOther(isSuperseded, everyTag)),
    ...[...caches.owned].flatMap(([resource, informer]) =>
      resource === mutatingWebhookConfigurations
        ? [informer.onChange(forEach<KubeObject>(({ metadata }) => named(metadata.labels?.[labelKeys.revision] ?? '')))]
        : [],
    ),
    caches.sidecars.onChange(usersBy(nameAskedByPod, named)),
    caches.namespaces.onChange(usersBy(nameAskedByNamespace, named)),
  ]);
}

/** Calls with the revision or name that an object uses, when it begins to use it and when it does not any more. */
function usersBy(
  used: (object: KubeObject) => string | undefined,
  call: (name: string) => void,
): ChangeListener<KubeObject> {
  const tell = (object: KubeObject): void => {
    const name = used(object);
    if (name !== undefined) call(name);
  };
  return {
    added: tell,
    updated: (object, old) => {
      if (used(object) === used(old)) return;
      tell(old);
      tell(object);
    },
    deleted: tell,
  };
}

function comingAndGoing(call: () => void): ChangeListener<KubeObject> {
  return whenOther(({ metadata }) => metadata.deletionTimestamp, call);
}

function specOf(call: () => void): ChangeListener<MeshRevisionTag> {
  return whenOther(({ metadata }) => metadata.generation, call);
}

/** Calls when an object comes or goes, or when what matters of it changes. */
function whenOther<T extends KubeObject>(matters: (object: T) => unknown, call: () => void): ChangeListener<T> {
  return {
    added: call,
    updated: (object, old) => {
      if (matters(object) !== matters(old)) call();
    },
    deleted: call,
  };
}

/** Has `enqueue` called with each namespace whose root certificate may have to change. Returns what ends that. */
export function watchRootCertificates(caches: Caches, enqueue: Enqueue): () => void {
  const stores = storesOf(caches);
  let bundle: string | undefined;
  let controlPlanes = 0;
  const everywhere = (): void => {
    const before = { bundle, controlPlanes };
    bundle = trustBundle(stores);
    controlPlanes = stores.controlPlanes.list().filter((controlPlane) => isServing(stores, controlPlane)).length;
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
