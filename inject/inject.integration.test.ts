import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { mutatingWebhookConfigurations, pods, serviceAccounts } from '../lib/kube/resources.ts';
import type { Pod } from '../lib/kube/types.ts';
import { injectSidecar } from './inject.ts';
import { readPod } from './pod.ts';
import { settings } from './settings.testing.ts';
import { injectionWebhooks } from './webhook-configuration.ts';

let cluster: ControlPlane;
let client: KubeClient;
const namespace = 'default';

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'inject-test' });
  client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const name of ['default', 'web']) {
    await client.apply(serviceAccounts, { metadata: { namespace, name } }, { fieldManager: 'test' });
  }
});

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

const folder = join(import.meta.dirname, 'testdata');
const cases = readdirSync(folder).filter((file) => file.endsWith('.out.yaml'));

describe('an API server', () => {
  it.each(cases)(
    'takes the pod of %s, and injection finds nothing more to do in what it has made of it',
    async (file) => {
      const pod = load(readFileSync(join(folder, file), 'utf8')) as Pod;
      // As the admission of service accounts does, which comes before webhooks and is off here.
      const spec = { serviceAccountName: 'default', ...pod.spec };
      const stored = await client.create(
        pods,
        { ...pod, spec, metadata: { ...pod.metadata, namespace } },
        { dryRun: true },
      );
      const reread = readPod(stored);
      if (typeof reread === 'string') throw new Error(reread);
      expect(injectSidecar(reread, namespace, settings).pod).toEqual(reread);
    },
  );

  it('takes the webhooks', async () => {
    const webhooks = injectionWebhooks({
      name: 'default',
      enableNamespacesByDefault: true,
      service: { namespace, name: 'istiod' },
      rootCertificates: '',
    });
    const object = { metadata: { name: 'istio-sidecar-injector' }, webhooks };
    await expect(client.create(mutatingWebhookConfigurations, object, { dryRun: true })).resolves.toBeDefined();
  });
});
