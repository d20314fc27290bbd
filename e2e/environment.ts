import { fileURLToPath } from 'node:url';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { version } from '../lib/version.ts';
import { ensureHelm } from './cluster/binaries.ts';
import type { Cluster } from './cluster/cluster.ts';
import { ensureCluster } from './cluster/cluster.ts';
import { run } from './cluster/command.ts';
import { buildImage } from './cluster/image-build.ts';
import { buildMeltemiImages, nodeBinary } from './cluster/meltemi-images.ts';
import type { Progress } from './cluster/progress.ts';

/** What the demo and the scenarios work with: a cluster that has the project's images, and the ways to talk to it. */
export interface Environment {
  readonly cluster: Cluster;
  readonly client: KubeClient;
  readonly helm: (args: readonly string[]) => Promise<string>;
  readonly progress: Progress;
  /** How long scenarios go on that watch something over time. */
  readonly soakMinutes: number;
  close(): Promise<void>;
}

export interface EnvironmentChoice {
  /** A context of the user's kubeconfig; a local cluster without. */
  readonly context?: string;
  /** Name of the local cluster. */
  readonly name?: string;
  readonly progress: Progress;
  /** 60 by default. */
  readonly soakMinutes?: number;
}

export const sampleImage = `meltemi/sample-quotes:${version}`;

/** Path of a file of the repository. */
export function inRepository(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

export async function openEnvironment(choice: EnvironmentChoice): Promise<Environment> {
  const { context, name, progress } = choice;
  const cluster = await ensureCluster({
    progress,
    ...(context === undefined ? {} : { context }),
    ...(name === undefined ? {} : { name }),
  });
  progress(`cluster: ${cluster.title}`);
  if (cluster.local) {
    const sample = await buildImage(sampleRecipe(), progress);
    const loaded = await cluster.loadImages([...(await buildMeltemiImages(progress)), sample]);
    if (loaded.length > 0) progress(`images: loaded ${loaded.join(', ')}`);
  }
  const helm = await ensureHelm(progress);
  const client = loadKubeClient({
    kubeconfig: cluster.kubeconfig,
    ...(cluster.context === undefined ? {} : { context: cluster.context }),
  });
  const helmFlags = [
    '--kubeconfig',
    cluster.kubeconfig,
    ...(cluster.context === undefined ? [] : ['--kube-context', cluster.context]),
  ];
  return {
    cluster,
    client,
    helm: (args) => run(helm, [...args, ...helmFlags], { env: { NO_PROXY: '*', no_proxy: '*' } }),
    progress,
    soakMinutes: choice.soakMinutes ?? 60,
    close: () => client.close(),
  };
}

function sampleRecipe() {
  return {
    reference: sampleImage,
    dockerfile: inRepository('samples/quotes/Dockerfile'),
    files: {
      node: nodeBinary,
      'server.ts': inRepository('samples/quotes/server.ts'),
      'client.ts': inRepository('samples/quotes/client.ts'),
    },
  };
}
