import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import type { RunningComponent } from '../e2e/cluster/component.ts';
import { startComponent, stopProcess, untilReady } from '../e2e/cluster/component.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import { freePorts } from '../e2e/cluster/ports.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { customResourceDefinitions } from '../lib/kube/resources.ts';
import type { CustomResourceDefinition } from '../lib/kube/types.ts';

/** A server to be measured, and the cluster that it serves. */
export interface Measured extends AsyncDisposable {
  readonly pid: number;
  /** Plaintext ADS, `host:port`. */
  readonly address: string;
  readonly kubeconfig: string;
}

const root = join(import.meta.dirname, '..');
const program = join(root, 'dist/bin/meltemi.js');
const kinds = ['virtualservices.networking', 'destinationrules.networking', 'peerauthentications.security'];

/** A Kubernetes API of its own, and istiod as it is shipped, serving plaintext xDS only. Both end with the result. */
export async function startMeasuredIstiod(progress: Progress): Promise<Measured> {
  if (!existsSync(program)) throw new Error('there is no dist/bin/meltemi.js; make it by `npm run build`');
  await using stack = new AsyncDisposableStack();
  progress('starting etcd and a Kubernetes API server');
  const { kubeconfig } = stack.use(await startControlPlane({ name: 'bench', progress }));
  await installKinds(kubeconfig);
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  progress('starting istiod');
  const [plaintext = 0, monitoring = 0] = await freePorts(2);
  const address = `127.0.0.1:${plaintext}`;
  const args = [
    ...[program, 'istiod', '--kubeconfig', kubeconfig, '--plaintext-address', address],
    ...['--secure-address', 'off', '--webhook-address', 'off', '--monitoring-address', `127.0.0.1:${monitoring}`],
  ];
  const component = { name: 'istiod', command: process.execPath, args, log: join(folder, 'istiod.log') };
  const istiod: RunningComponent = { component, process: await startComponent(component) };
  stack.defer(() => stopProcess(istiod.process));
  await untilReady('istiod to be ready', [istiod], () => isReady(monitoring), 60_000);
  const owned = stack.move();
  return {
    pid: istiod.process.pid,
    address,
    kubeconfig,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function installKinds(kubeconfig: string): Promise<void> {
  const client = loadKubeClient({ kubeconfig });
  try {
    for (const kind of kinds) {
      const file = join(root, `charts/meltemi/templates/crds/${kind}.istio.io.yaml`);
      const definition = load(readFileSync(file, 'utf8')) as CustomResourceDefinition;
      await client.apply(customResourceDefinitions, definition, { fieldManager: 'meltemi-bench' });
    }
  } finally {
    await client.close();
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}
