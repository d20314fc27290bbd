import type { Condition, KubeObject } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { meshControlPlanes } from '../crds/kinds.ts';
import { forceDeleteAnnotation } from '../operator/reconcile/proxy-users.ts';
import type { Environment } from './environment.ts';
import { inRepository } from './environment.ts';
import { eventually } from './eventually.ts';

export const operatorNamespace = 'meltemi-system';
export const meshNamespace = 'istio-system';
export const controlPlaneName = 'default';

const controlPlanes: Resource<KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } }> =
  meshControlPlanes;

/** Installs the chart (or upgrades to the one of this tree) and waits for the operator. */
export async function installChart({ helm, progress }: Environment): Promise<void> {
  progress('chart: installing');
  const where = ['meltemi', inRepository('charts/meltemi'), '--namespace', operatorNamespace, '--create-namespace'];
  await helm(['upgrade', '--install', ...where, '--wait', '--timeout', '3m']);
}

/** Applies a MeshControlPlane without a word of spec and waits until it is Ready. Resolves to the wait in seconds. */
export async function applyControlPlane(environment: Environment): Promise<number> {
  const { cluster, progress } = environment;
  progress('control plane: applying a MeshControlPlane');
  const started = performance.now();
  await cluster.kubectl(['apply', '-f', inRepository('samples/quotes/mesh.yaml')]);
  await waitForControlPlane(environment);
  return Math.round(performance.now() - started) / 1000;
}

/** `kubectl wait`, as a user would; says what the conditions were when it takes too long. */
export async function waitForControlPlane({ cluster, client, progress }: Environment): Promise<void> {
  const condition = ['--for=condition=Ready', '--timeout=180s'];
  try {
    await cluster.kubectl(['wait', `meshcontrolplane/${controlPlaneName}`, ...condition]);
  } catch (error) {
    const found = await client.get(controlPlanes, { name: controlPlaneName });
    for (const { type, status, reason, message } of found?.status?.conditions ?? []) {
      progress(`control plane: ${type}=${status} ${reason}: ${message}`);
    }
    throw error;
  }
}

/** The chart, a Ready control plane and its images: what most scenarios start from. Quick where it is there already. */
export async function ensureMesh(environment: Environment): Promise<void> {
  await installChart(environment);
  await applyControlPlane(environment);
}

/** What an earlier scenario left with a sidecar is nothing to wait for. */
async function forceDeletion(client: Environment['client']): Promise<void> {
  const { items } = await client.list(controlPlanes, { metadataOnly: true });
  for (const { metadata } of items) {
    const annotations = { [forceDeleteAnnotation]: 'true' };
    await client.mergePatch(controlPlanes, { name: metadata.name }, { metadata: { annotations } });
  }
}

/** Deletes the control plane, then the chart, and waits until both are gone. Kinds and namespaces stay. */
export async function uninstallMesh({ cluster, helm, client, progress }: Environment): Promise<void> {
  progress('uninstalling');
  const served = await client.raw(`/apis/${meshControlPlanes.group}`).then(
    () => true,
    () => false,
  );
  if (served) {
    await forceDeletion(client);
    // Refused while proxies use it: namespaces of an earlier scenario may still be on their way out.
    await eventually(
      'MeshControlPlanes may be deleted',
      () => cluster.kubectl(['delete', 'meshcontrolplanes', '--all', '--wait', '--timeout=120s']),
      { withinMs: 120_000, everyMs: 2_000 },
    );
  }
  await helm(['uninstall', 'meltemi', '--namespace', operatorNamespace, '--wait', '--ignore-not-found']);
  await eventually('the operator is gone', async () => {
    const pods = await cluster.kubectl(['get', 'pods', '-n', operatorNamespace, '-o', 'name', '--ignore-not-found']);
    return pods.trim() === '' ? true : undefined;
  });
}
