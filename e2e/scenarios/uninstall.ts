import type { KubeObject } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import type { Environment } from '../environment.ts';
import { ensureMesh, uninstallMesh } from '../mesh.ts';
import type { Scenario } from '../scenario.ts';

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

export const uninstall: Scenario = {
  name: 'uninstall',
  summary: 'after deleting the control plane and the chart nothing with our labels is left, no webhook, no finalizer',
  async run(environment, check) {
    await ensureMesh(environment);
    const started = performance.now();
    await uninstallMesh(environment);
    const seconds = Math.round(performance.now() - started) / 1000;
    const left = await labelledObjects(environment);
    check('no object with our labels is left', left.length === 0, left);
    const webhooks = await environment.cluster.kubectl([
      'get',
      'mutatingwebhookconfigurations,validatingwebhookconfigurations',
      '-o',
      'name',
    ]);
    check('no webhook of the mesh is left', !/istio|meltemi/.test(webhooks), webhooks);
    const kinds = await environment.cluster.kubectl(['get', 'customresourcedefinitions', '-o', 'name']);
    check('the kinds stay', /meshcontrolplanes\.meltemi\.dev/.test(kinds), kinds);
    return { seconds };
  },
};

/** Looks through every kind that the API server serves, custom resource definitions (which stay) aside. */
async function labelledObjects({ client }: Environment): Promise<readonly string[]> {
  const found: string[] = [];
  for (const groupVersion of await groupVersions(client)) {
    const base = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    const { resources } = JSON.parse(await client.raw(base)) as { readonly resources: readonly ApiResource[] };
    for (const resource of resources) {
      if (resource.name.includes('/') || !resource.verbs.includes('list')) continue;
      if (resource.kind === 'CustomResourceDefinition') continue;
      const selector = encodeURIComponent('app.kubernetes.io/managed-by=meltemi-operator');
      const text = await client.raw(`${base}/${resource.name}?labelSelector=${selector}`);
      const { items } = JSON.parse(text) as { readonly items: readonly KubeObject[] };
      for (const { metadata } of items) found.push(`${resource.kind} ${formatKey(metadata.namespace, metadata.name)}`);
    }
  }
  return found;
}

async function groupVersions(client: Environment['client']): Promise<readonly string[]> {
  const { groups } = JSON.parse(await client.raw('/apis')) as {
    readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  return ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
}
