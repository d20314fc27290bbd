import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { createRegistry } from '../metrics.ts';
import { loadKubeClient } from './client.ts';
import type { KubeClient } from './client.ts';
import { startTestControlPlane } from './control-plane.testing.ts';
import type { TestControlPlane } from './control-plane.testing.ts';
import { createInformer } from './informer.ts';
import type { InformerOptions } from './informer.ts';
import { configMaps, namespaces } from './resources.ts';
import type { ConfigMap } from './types.ts';

let cluster: TestControlPlane;
/** Straight to the server, for the test's own changes. */
let direct: KubeClient;
/** Over the network that can be cut, for the informer. */
let proxied: KubeClient;
let namespace: string;
let counter = 0;

beforeAll(async () => {
  cluster = await startTestControlPlane('informer-test');
  direct = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  proxied = loadKubeClient({ kubeconfig: cluster.proxiedKubeconfig });
});

afterAll(async () => {
  await Promise.all([direct.close(), proxied.close()]);
  await cluster[Symbol.asyncDispose]();
});

beforeEach(async () => {
  namespace = `informer-${counter++}`;
  await direct.create(namespaces, { metadata: { name: namespace } });
});

function put(name: string, value: string): Promise<ConfigMap> {
  const object = { metadata: { namespace, name, labels: { app: 'test' } }, data: { value } };
  return direct.apply(configMaps, object, { fieldManager: 'test', force: true });
}

async function start(options: Partial<InformerOptions<ConfigMap>> = {}) {
  const logger = recordingLogger();
  const metrics = createRegistry({ processMetrics: false });
  const informer = createInformer(proxied, configMaps, {
    namespace,
    labelSelector: 'app=test',
    logger,
    metrics,
    ...options,
  });
  const changes: string[] = [];
  informer.onChange({
    added: (object) => changes.push(`+${object.metadata.name}=${object.data?.['value'] ?? ''}`),
    updated: (object, old) =>
      changes.push(`${object.metadata.name}=${old.data?.['value'] ?? ''}>${object.data?.['value'] ?? ''}`),
    deleted: (object) => changes.push(`-${object.metadata.name}`),
  });
  const stop = new AbortController();
  onTestFinished(async () => {
    stop.abort();
    await informer.stopped;
  });
  informer.start(stop.signal);
  await informer.synced();
  const happened = async (what: string): Promise<number> => {
    const metric = await metrics.getSingleMetric('meltemi_informer_happenings_total')?.get();
    return metric?.values.find(({ labels }) => labels['what'] === what)?.value ?? 0;
  };
  return { informer, changes, logger, happened };
}

const soon = { timeout: 30_000, interval: 20 };

describe('an informer on a real API server', () => {
  it('lists in pages, then follows', async () => {
    await Promise.all(Array.from({ length: 7 }, (_, i) => put(`c${i}`, '1')));
    const pages = await direct.list(configMaps, { namespace, labelSelector: 'app=test', limit: 3 });
    expect(pages.items).toHaveLength(7);
    const { informer, changes } = await start();
    expect(changes.toSorted()).toEqual(Array.from({ length: 7 }, (_, i) => `+c${i}=1`));
    expect(informer.store.get(namespace, 'c3')).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
    expect(informer.store.get(namespace, 'c3')?.metadata).not.toHaveProperty('managedFields');

    changes.length = 0;
    await put('c3', '2');
    await direct.delete(configMaps, { namespace, name: 'c4' });
    await put('c7', '1');
    await vi.waitFor(() => expect(changes).toEqual(['c3=1>2', '-c4', '+c7=1']), soon);
  });

  it('goes on after the API server is killed and comes back, without a list and without repeating anything', async () => {
    await put('a', '1');
    const { changes, happened } = await start();
    await cluster.killAndRestart();
    await put('a', '2');
    await vi.waitFor(() => expect(changes).toEqual(['+a=1', 'a=1>2']), soon);
    await put('a', '3');
    await vi.waitFor(() => expect(changes).toEqual(['+a=1', 'a=1>2', 'a=2>3']), soon);
    expect(await happened('list')).toBe(1);
  });

  it('sees exactly the difference after its version has expired (410)', async () => {
    for (const name of ['kept', 'changed', 'deleted', 'replaced']) await put(name, '1');
    const { changes, happened, informer } = await start();
    changes.length = 0;
    cluster.network.cut();
    await put('changed', '2');
    await direct.delete(configMaps, { namespace, name: 'deleted' });
    await direct.delete(configMaps, { namespace, name: 'replaced' });
    await put('replaced', '2');
    await put('new', '1');
    await cluster.compact();
    cluster.network.mend();
    await vi.waitFor(
      () => expect(changes.toSorted()).toEqual(['+new=1', '+replaced=2', '-deleted', '-replaced', 'changed=1>2']),
      soon,
    );
    expect(await happened('expired')).toBe(1);
    expect(informer.store.size).toBe(4);
  });

  it('misses nothing that changes after long silence, on the same watch', async () => {
    const { changes, happened } = await start();
    // Longer than the 30 s after which client-node's own watch gives up on a quiet connection.
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    await put('late', '1');
    await vi.waitFor(() => expect(changes).toEqual(['+late=1']), soon);
    expect(await happened('watch')).toBe(1);
  });

  it('fetches metadata alone when that is enough', async () => {
    await put('a', 'big');
    const { informer, changes } = await start({ metadataOnly: true });
    expect(informer.store.get(namespace, 'a')).toMatchObject({
      kind: 'ConfigMap',
      metadata: { labels: { app: 'test' } },
    });
    expect(informer.store.get(namespace, 'a')).not.toHaveProperty('data');
    await put('b', 'big');
    await vi.waitFor(() => expect(changes).toEqual(['+a=', '+b=']), soon);
    expect(informer.store.get(namespace, 'b')).not.toHaveProperty('data');
  });

  it('waits for a kind that is not served yet', async () => {
    const crontabs = {
      group: 'stable.example.com',
      version: 'v1',
      plural: 'crontabs',
      kind: 'CronTab',
      namespaced: true,
    };
    const stop = new AbortController();
    const logger = recordingLogger();
    const informer = createInformer(proxied, crontabs, { logger });
    informer.start(stop.signal);
    await vi.waitFor(() => expect(logger.entries.some(({ level }) => level === 'warn')).toBe(true), soon);
    expect(informer.hasSynced).toBe(false);
    stop.abort();
    await expect(informer.synced()).rejects.toThrow('crontabs.stable.example.com was stopped before its first list');
    await informer.stopped;
  });
});
