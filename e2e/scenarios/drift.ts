import { meshRevisions } from '../../crds/kinds.ts';
import type { KubeObject, ObjectRef } from '../../lib/kube/object.ts';
import { formatKey } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  deployments,
  mutatingWebhookConfigurations,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { controlPlaneName, ensureMesh, waitForControlPlane } from '../mesh.ts';
import type { Check, Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';

const ownedKinds: readonly Resource[] = [
  configMaps,
  services,
  serviceAccounts,
  roles,
  roleBindings,
  clusterRoles,
  clusterRoleBindings,
  podDisruptionBudgets,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
  deployments,
  meshRevisions,
];

export const drift: Scenario = {
  name: 'drift',
  summary: 'every object that the operator owns comes back when it is deleted',
  async run(environment, check) {
    await ensureMesh(environment);
    const owned = await ownedObjects(environment);
    check('the operator owns objects of each kind', new Set(owned.map(({ kind }) => kind)).size === ownedKinds.length);
    let slowest = 0;
    for (const { kind, ref, uid } of owned) {
      const started = performance.now();
      await environment.client.delete(kind, ref, { propagationPolicy: 'Background' });
      await eventually(`${kind.kind} ${formatKey(ref.namespace, ref.name)} comes back`, async () => {
        const found = await environment.client.get(kind, ref);
        return found !== undefined && found.metadata.uid !== uid ? found : undefined;
      });
      slowest = Math.max(slowest, performance.now() - started);
      check(`${kind.kind} ${formatKey(ref.namespace, ref.name)} comes back`, true);
    }
    await checkRootCertificates(environment, check);
    await waitForControlPlane(environment);
    return { objects: owned.length, slowestSeconds: Math.round(slowest) / 1000 };
  },
};

/** The roots that sidecars trust: in every namespace, also in one that is new. */
async function checkRootCertificates(environment: Environment, check: Check): Promise<void> {
  const { client, cluster } = environment;
  const ref = { namespace: 'default', name: 'istio-ca-root-cert' };
  const before = await client.get(configMaps, ref);
  await client.delete(configMaps, ref);
  await eventually('istio-ca-root-cert comes back', async () => {
    const found = await client.get(configMaps, ref);
    return found !== undefined && found.metadata.uid !== before?.metadata.uid ? found : undefined;
  });
  check('istio-ca-root-cert of a namespace comes back', true);
  const namespace = 'e2e-drift-new';
  await cluster.kubectl(['create', 'namespace', namespace]);
  try {
    await eventually('a new namespace gets it', () => client.get(configMaps, { ...ref, namespace }), {
      withinMs: 5_000,
    });
    check('a new namespace gets it within five seconds', true);
  } finally {
    await removeNamespace(environment, namespace);
  }
}

interface OwnedObject {
  readonly kind: Resource;
  readonly ref: ObjectRef;
  readonly uid: string | undefined;
}

async function ownedObjects({ client }: Environment): Promise<readonly OwnedObject[]> {
  const labelSelector = `app.kubernetes.io/managed-by=meltemi-operator,meltemi.dev/control-plane=${controlPlaneName}`;
  const found: OwnedObject[] = [];
  for (const kind of ownedKinds) {
    const { items } = await client.list<KubeObject>(kind, { labelSelector });
    for (const { metadata } of items) found.push({ kind, ref: metadata, uid: metadata.uid });
  }
  return found;
}
