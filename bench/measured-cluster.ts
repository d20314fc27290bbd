import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { customResourceDefinitions } from '../lib/kube/resources.ts';
import type { CustomResourceDefinition } from '../lib/kube/types.ts';

/** A Kubernetes API with the kinds that istiod follows, and nobody who acts on what is in it. */
export interface MeasuredCluster extends AsyncDisposable {
  readonly kubeconfig: string;
}

const definitions = join(import.meta.dirname, '../charts/meltemi/files/crds');
const kinds = ['virtualservices.networking', 'destinationrules.networking', 'peerauthentications.security'];

/** etcd and an API server of their own; both end with the result. */
export async function startMeasuredCluster(progress: Progress): Promise<MeasuredCluster> {
  progress('starting etcd and a Kubernetes API server');
  await using stack = new AsyncDisposableStack();
  const { kubeconfig } = stack.use(await startControlPlane({ name: 'bench', progress }));
  await installKinds(kubeconfig);
  const owned = stack.move();
  return { kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function installKinds(kubeconfig: string): Promise<void> {
  const client = loadKubeClient({ kubeconfig });
  try {
    for (const kind of kinds) {
      const file = join(definitions, `${kind}.istio.io.yaml`);
      const definition = load(readFileSync(file, 'utf8')) as CustomResourceDefinition;
      await client.apply(customResourceDefinitions, definition, { fieldManager: 'meltemi-bench' });
    }
  } finally {
    await client.close();
  }
}
