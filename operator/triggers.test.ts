import { describe, expect, it } from 'vitest';
import type { ChangeListener, Informer } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { keyOf } from '../lib/kube/object.ts';
import { services } from '../lib/kube/resources.ts';
import type { ObjectStore } from '../lib/kube/store.ts';
import type { Caches } from './caches.ts';
import { testControlPlane, testStores } from './fixtures.testing.ts';
import { watchControlPlanes, watchRootCertificates } from './triggers.ts';

/** An informer whose changes a test makes. */
class ManualInformer<T extends KubeObject> implements Informer<T> {
  readonly name = 'manual';
  readonly hasSynced = true;
  readonly isFollowing = true;
  readonly stopped = Promise.resolve();
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly store: ObjectStore<T>;

  constructor(store: ObjectStore<T>) {
    this.store = store;
  }

  start(): void {
    // A test's changes need no start.
  }

  synced(): Promise<void> {
    return Promise.resolve();
  }

  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.store.list()) listener.added?.(object);
    return () => this.#listeners.delete(listener);
  }

  put(object: T): void {
    const old = this.store.put(object);
    for (const listener of this.#listeners) {
      if (old === undefined) listener.added?.(object);
      else listener.updated?.(object, old);
    }
  }

  remove(object: T): void {
    this.store.remove(keyOf(object));
    for (const listener of this.#listeners) listener.deleted?.(object);
  }
}

function fixture() {
  const stores = testStores();
  const caches = {
    controlPlanes: new ManualInformer(stores.controlPlanes),
    revisions: new ManualInformer(stores.revisions),
    tags: new ManualInformer(stores.tags),
    sidecars: new ManualInformer(stores.sidecars),
    namespaces: new ManualInformer(stores.namespaces),
    pods: new ManualInformer(stores.pods),
    caSecrets: new ManualInformer(stores.caSecrets),
    leases: new ManualInformer(stores.leases),
    rootCertificates: new ManualInformer(stores.rootCertificates),
    owned: new Map([...stores.owned].map(([resource, store]) => [resource, new ManualInformer(store)])),
  } satisfies Caches;
  caches.controlPlanes.put(testControlPlane('default'));
  caches.controlPlanes.put(testControlPlane('second', { namespace: 'mesh' }));
  caches.namespaces.put({ metadata: { name: 'shop' } });
  return caches;
}

type Watch = typeof watchControlPlanes;

/** Which keys a change puts into the queue, once all that was there before is dealt with. */
function keysAfter(watch: Watch, change: (caches: ReturnType<typeof fixture>) => void, caches = fixture()) {
  const keys: string[] = [];
  const stop = watch(caches, (key) => keys.push(key));
  keys.length = 0;
  change(caches);
  stop();
  return [...new Set(keys)].sort();
}

const ofDefault = { labels: { 'meltemi.dev/control-plane': 'default' } };
const lease = (connected: string, renewTime: string) => ({
  metadata: {
    namespace: 'mesh',
    name: 'istiod-second-abc',
    labels: { 'meltemi.dev/istiod-status': 'second' },
    annotations: { 'meltemi.dev/connected-proxies': connected },
  },
  spec: { renewTime },
});

describe('watchControlPlanes', () => {
  it('starts with every MeshControlPlane that is there', () => {
    const keys: string[] = [];
    watchControlPlanes(fixture(), (key) => keys.push(key));
    expect([...new Set(keys)].sort()).toEqual(['default', 'second']);
  });

  it('looks at the owner of an object that appears, changes or goes', () => {
    const service = { metadata: { namespace: 'istio-system', name: 'istiod', ...ofDefault } };
    for (const change of ['put', 'remove'] as const) {
      const keys = keysAfter(watchControlPlanes, ({ owned }) => owned.get(services)?.[change](service));
      expect(keys).toEqual(['default']);
    }
  });

  it('looks at both owners of an object whose label was changed', () => {
    const service = (owner: string) => ({
      metadata: { namespace: 'x', name: 'y', labels: { 'meltemi.dev/control-plane': owner } },
    });
    const caches = fixture();
    caches.owned.get(services)?.put(service('default'));
    const keys = keysAfter(watchControlPlanes, ({ owned }) => owned.get(services)?.put(service('second')), caches);
    expect(keys).toEqual(['default', 'second']);
  });

  it('looks at the control planes of the namespace whose root certificate has changed', () => {
    const keys = keysAfter(watchControlPlanes, ({ caSecrets }) =>
      caSecrets.put({ metadata: { namespace: 'mesh', name: 'istio-ca-secret' } }),
    );
    expect(keys).toEqual(['second']);
  });

  it('looks at the number of proxies, and not at a Lease that is just renewed', () => {
    const caches = fixture();
    caches.leases.put(lease('1', 'then'));
    expect(keysAfter(watchControlPlanes, ({ leases }) => leases.put(lease('1', 'now')), caches)).toEqual([]);
    expect(keysAfter(watchControlPlanes, ({ leases }) => leases.put(lease('2', 'now')), caches)).toEqual(['second']);
  });

  it('looks at a control plane whose namespace goes or is gone, and at none for any other namespace', () => {
    const going = { metadata: { name: 'mesh', deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const caches = fixture();
    caches.namespaces.put({ metadata: { name: 'mesh' } });
    expect(keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.put(going), caches)).toEqual(['second']);
    expect(keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.remove(going), caches)).toEqual(['second']);
    expect(
      keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.put({ metadata: { name: 'shop' } }), caches),
    ).toEqual([]);
  });

  it('looks at the others when one is gone, since it may have held their revision', () => {
    const keys = keysAfter(watchControlPlanes, ({ controlPlanes }) =>
      controlPlanes.remove(testControlPlane('default')),
    );
    expect(keys).toEqual(['second']);
  });

  it('is told nothing any more once it has been ended', () => {
    const caches = fixture();
    const keys: string[] = [];
    watchControlPlanes(caches, (key) => keys.push(key))();
    keys.length = 0;
    caches.controlPlanes.put(testControlPlane('third'));
    expect(keys).toEqual([]);
  });
});

describe('watchRootCertificates', () => {
  it('looks at a namespace that is new, and at one whose ConfigMap changes', () => {
    expect(keysAfter(watchRootCertificates, ({ namespaces }) => namespaces.put({ metadata: { name: 'new' } }))).toEqual(
      ['new'],
    );
    const configMap = { metadata: { namespace: 'shop', name: 'istio-ca-root-cert' } };
    expect(keysAfter(watchRootCertificates, ({ rootCertificates }) => rootCertificates.remove(configMap))).toEqual([
      'shop',
    ]);
  });

  it('looks at a namespace whose labels change, which may take it into the mesh or out of it', () => {
    const change = { metadata: { name: 'shop', labels: { mesh: 'on' } } };
    expect(keysAfter(watchRootCertificates, ({ namespaces }) => namespaces.put(change))).toEqual(['shop']);
    expect(keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.put(change))).toEqual([]);
  });

  it('does not look at all namespaces for a change that leaves the roots as they are', () => {
    const change = testControlPlane('default', { pilot: { replicas: 5 } });
    expect(keysAfter(watchRootCertificates, ({ controlPlanes }) => controlPlanes.put(change))).toEqual([]);
  });

  it('looks at all namespaces when the last control plane goes', () => {
    const keys = keysAfter(watchRootCertificates, ({ controlPlanes }) => {
      controlPlanes.remove(testControlPlane('default'));
      controlPlanes.remove(testControlPlane('second'));
    });
    expect(keys).toEqual(['shop']);
  });
});
