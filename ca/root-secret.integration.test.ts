import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { createInformer } from '../lib/kube/informer.ts';
import { secrets } from '../lib/kube/resources.ts';
import { silentLogger } from '../lib/logger.ts';
import { rootSecretName } from './root-secret.ts';
import { openRootSource } from './root-source.ts';
import type { AuthoritySource } from './root-source.ts';

let cluster: ControlPlane;
const clients: KubeClient[] = [];
const stop = new AbortController();
const namespace = 'default';

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'root-secret-test' });
});

afterAll(async () => {
  stop.abort();
  await Promise.all(clients.map((client) => client.close()));
  await cluster.stop();
});

/** One replica of istiod, as far as its root is concerned. */
async function replica(): Promise<AuthoritySource> {
  const client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  clients.push(client);
  const informer = createInformer(client, secrets, { namespace, logger: silentLogger });
  informer.start(stop.signal);
  const { signal } = stop;
  return openRootSource({ client, informer, namespace, trustDomain: 'cluster.local', logger: silentLogger, signal });
}

describe('replicas that start at once on a real API server', () => {
  it('have one root, and write it again when it is deleted', async () => {
    const sources = await Promise.all(Array.from({ length: 4 }, replica));
    const roots = new Set(sources.map(({ current }) => current.rootCertificates));
    expect(roots.size).toBe(1);

    const [client] = clients;
    const ref = { namespace, name: rootSecretName };
    const before = await client?.get(secrets, ref);
    await client?.delete(secrets, ref);
    await expect.poll(async () => (await client?.get(secrets, ref))?.data, { timeout: 10_000 }).toEqual(before?.data);
    expect(new Set(sources.map(({ current }) => current.rootCertificates))).toEqual(roots);
  });
});
