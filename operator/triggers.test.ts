import { describe, expect, it } from 'vitest';
import type { ChangeListener, Informer } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { keyOf } from '../lib/kube/object.ts';
import { mutatingWebhookConfigurations, services } from '../lib/kube/resources.ts';
import type { ObjectStore } from '../lib/kube/store.ts';
import type { Caches } from './caches.ts';
import { wantedContent } from './components/revision.ts';
import { testControlPlane, testDefaults, testStores } from './fixtures.testing.ts';
import { recordOf } from './revisions/revision-record.ts';
import { watchControlPlanes, watchRootCertificates, watchTags } from './triggers.ts';

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

const record = (name: string, controlPlane: string) => {
  const content = wantedContent(testControlPlane(controlPlane), testDefaults);
  const home = { controlPlane, prefix: controlPlane, namespace: 'istio-system' };
  const { spec } = recordOf(home, content, controlPlane);
  return { metadata: { name, labels: { 'meltemi.dev/control-plane': controlPlane } }, spec };
};
const tag = (name: string, generation: number) => ({
  metadata: { name, generation },
  spec: { targetRef: { kind: 'MeshControlPlane' as const, name: 'default' } },
});
const sidecarOf = (revision: string, name = 'cart') => ({
  metadata: { namespace: 'shop', name, annotations: { 'istio.io/rev': revision }, labels: { 'istio.io/rev': 'prod' } },
});

describe('watchControlPlanes, of what uses revisions,', () => {
  it('looks at the control plane whose sidecar a pod has, when it comes and when it goes', () => {
    const caches = fixture();
    caches.revisions.put(record('default-1', 'default'));
    caches.revisions.put(record('second-1', 'second'));
    expect(keysAfter(watchControlPlanes, ({ sidecars }) => sidecars.put(sidecarOf('second')), caches)).toEqual([
      'second',
    ]);
    expect(keysAfter(watchControlPlanes, ({ sidecars }) => sidecars.put(sidecarOf('second')), caches)).toEqual([]);
    expect(keysAfter(watchControlPlanes, ({ sidecars }) => sidecars.remove(sidecarOf('second')), caches)).toEqual([
      'second',
    ]);
    expect(keysAfter(watchControlPlanes, ({ sidecars }) => sidecars.put(sidecarOf('unknown')), caches)).toEqual([]);
  });

  it('waits a moment for other pods that come and go, and not for anything else', () => {
    const caches = fixture();
    caches.revisions.put(record('default-1', 'default'));
    const delays: (number | undefined)[] = [];
    watchControlPlanes(caches, (_key, afterMs) => delays.push(afterMs));
    delays.length = 0;
    caches.sidecars.put(sidecarOf('default'));
    caches.controlPlanes.put(testControlPlane('default', { pilot: { replicas: 3 } }));
    expect(delays).toEqual([1_000, undefined]);
  });

  it('looks at all when a namespace asks for another name, and when a tag comes, goes or leads elsewhere', () => {
    const caches = fixture();
    const named = { metadata: { name: 'shop', labels: { 'istio.io/rev': 'prod' } } };
    expect(keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.put(named), caches)).toHaveLength(2);
    expect(keysAfter(watchControlPlanes, ({ namespaces }) => namespaces.put(named), caches)).toEqual([]);
    for (const [generation, found] of [
      [1, 2],
      [1, 0],
      [2, 2],
    ] as const) {
      expect(keysAfter(watchControlPlanes, ({ tags }) => tags.put(tag('prod', generation)), caches)).toHaveLength(
        found,
      );
    }
  });
});

describe('watchTags', () => {
  function withTag() {
    const caches = fixture();
    caches.tags.put(tag('prod', 1));
    return caches;
  }

  it('looks at a tag that changes, and at those that pods and namespaces begin to ask for', () => {
    expect(keysAfter(watchTags, ({ tags }) => tags.put(tag('prod', 2)), withTag())).toEqual(['prod']);
    expect(keysAfter(watchTags, ({ sidecars }) => sidecars.put(sidecarOf('default')), withTag())).toEqual(['prod']);
    const named = { metadata: { name: 'shop', labels: { 'istio.io/rev': 'prod' } } };
    expect(keysAfter(watchTags, ({ namespaces }) => namespaces.put(named), withTag())).toEqual(['prod']);
  });

  it('looks at all tags when what they lead to may be another one', () => {
    const moved = { ...testControlPlane('default'), status: { activeRevision: 'default-2' } };
    expect(keysAfter(watchTags, ({ controlPlanes }) => controlPlanes.put(moved), withTag())).toEqual(['prod']);
    const resized = testControlPlane('default', { pilot: { replicas: 3 } });
    expect(keysAfter(watchTags, ({ controlPlanes }) => controlPlanes.put(resized), withTag())).toEqual([]);
    expect(keysAfter(watchTags, ({ revisions }) => revisions.put(record('default-2', 'default')), withTag())).toEqual([
      'prod',
    ]);
  });

  it('looks at the tag whose webhooks are there now, or are not any more', () => {
    const webhooks = { metadata: { name: 'istio-sidecar-injector-prod', labels: { 'istio.io/rev': 'prod' } } };
    const caches = withTag();
    const put = (of: typeof caches) => of.owned.get(mutatingWebhookConfigurations)?.put(webhooks);
    expect(keysAfter(watchTags, put, caches)).toEqual(['prod']);
    const remove = (of: typeof caches) => of.owned.get(mutatingWebhookConfigurations)?.remove(webhooks);
    expect(keysAfter(watchTags, remove, caches)).toEqual(['prod']);
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
