import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KindDefinition } from '../crds/kind.ts';
import { resourceOf } from '../crds/kind.ts';
import { kinds } from '../crds/kinds.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { Manifest } from '../e2e/olm/installed-objects.ts';
import { installedObjects } from '../e2e/olm/installed-objects.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  deployments,
  namespaces,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
} from '../lib/kube/resources.ts';
import { renderedBundle } from './bundle.ts';
import { clusterServiceVersion, exampleOf } from './cluster-service-version.ts';
import { bundleSource } from './generate.ts';
import { isJsonObject, textAt } from './json.ts';

const namespace = 'operators';
const source = bundleSource();
const manifests = [...renderedBundle(source)]
  .filter(([path]) => path.startsWith('manifests/'))
  .map(([, text]) => load(text))
  .filter(isManifest);
const resources: readonly Resource[] = [
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  deployments,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
];
let cluster: ControlPlane;
let client: KubeClient;

function isManifest(value: unknown): value is Manifest {
  return isJsonObject(value) && textAt(value, 'metadata', 'name') !== '';
}

function resourceFor(kind: string | undefined): Resource {
  const found = resources.find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`there is no resource of kind ${String(kind)} in this test`);
  return found;
}

/** As it would be installed; the API server fills in and checks, and with `dryRun` keeps nothing. */
function create(object: Manifest, dryRun: boolean): Promise<KubeObject> {
  const resource = resourceFor(object.kind);
  const metadata = resource.namespaced ? { ...object.metadata, namespace } : object.metadata;
  return client.create(resource, { ...object, metadata }, { dryRun });
}

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'olm-bundle-test' });
  client = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  await client.create(namespaces, { metadata: { name: namespace } });
}, 900_000);

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

describe('a real API server', () => {
  it('takes every definition of the bundle', async () => {
    for (const definition of manifests.filter(({ kind }) => kind === customResourceDefinitions.kind)) {
      await create(definition, false);
    }
    for (const kind of kinds) {
      await vi.waitFor(() => client.list(resourceOf(kind)), { timeout: 20_000, interval: 100 });
    }
  });

  it.each(kinds)('takes the example of $kind', async (kind: KindDefinition) => {
    const example: unknown = JSON.parse(JSON.stringify(exampleOf(kind)));
    if (!isManifest(example)) throw new Error(`the example of ${kind.kind} has no name`);
    const taken = await client.create(resourceOf(kind), example, { dryRun: true });
    expect(taken.metadata.name).toBe(example.metadata.name);
  });

  it('takes all other objects of the bundle', async () => {
    const others = manifests.filter(
      ({ kind }) => kind !== customResourceDefinitions.kind && kind !== 'ClusterServiceVersion',
    );
    expect(others.length).toBeGreaterThan(0);
    for (const object of others) await create(object, true);
  });

  it('takes what OLM makes from the ClusterServiceVersion', async () => {
    const installed = installedObjects({ csv: clusterServiceVersion(source), uid: 'uid', namespace });
    const made = installed.filter(({ kind }) => kind !== 'OperatorCondition');
    expect(made.map(({ kind }) => kind)).toContain('Deployment');
    for (const object of made) await create(object, true);
  });
});
