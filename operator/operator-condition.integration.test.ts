import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition } from '../crds/custom-resource-definition.ts';
import { meshControlPlanes } from '../crds/kinds.ts';
import { meshControlPlane } from '../crds/mesh-control-plane.ts';
import type { UpgradePhase } from '../crds/mesh-upgrade.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { createInformer } from '../lib/kube/informer.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { customResourceDefinitions, namespaces, roleBindings, roles, serviceAccounts } from '../lib/kube/resources.ts';
import { writeServiceAccountKubeconfig } from '../lib/kube/service-account-kubeconfig.testing.ts';
import { recordingLogger } from '../lib/logger.ts';
import { operatorConditionDefinition, operatorConditionRules } from '../olm/operator-condition.testing.ts';
import { keepOperatorCondition, operatorConditions } from './operator-condition.ts';
import { testUpgradeStatus } from './upgrade-status.testing.ts';

const namespace = 'operators';
const ref = { namespace, name: 'meltemi.v0.1.0' };
const account = { namespace, name: 'operator' };
const within = (ms: number) => ({ timeout: ms, interval: 50 });
const folder = mkdtempSync(join(tmpdir(), 'meltemi-operator-condition-'));
const stopping = new AbortController();
const logger = recordingLogger();
let cluster: ControlPlane;
let admin: KubeClient;
let client: KubeClient;
let running: Promise<void>;

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'operator-condition-test' });
  admin = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const definition of [customResourceDefinition(meshControlPlane), operatorConditionDefinition]) {
    await admin.create(customResourceDefinitions, JSON.parse(JSON.stringify(definition)) as KubeObject);
  }
  await vi.waitFor(() => admin.list(meshControlPlanes), within(20_000));
  await vi.waitFor(() => admin.list(operatorConditions), within(20_000));
  await admin.create(namespaces, { metadata: { name: namespace } });
  await admin.create(serviceAccounts, { metadata: account });
  client = loadKubeClient({ kubeconfig: await restrictedKubeconfig() });
  const controlPlanes = createInformer(admin, meshControlPlanes, { logger });
  controlPlanes.start(stopping.signal);
  await controlPlanes.synced();
  const context = { client, ref, controlPlanes, now: () => new Date(), logger };
  running = keepOperatorCondition(context, stopping.signal);
}, 900_000);

afterAll(async () => {
  stopping.abort();
  await running;
  await Promise.all([admin.close(), client.close()]);
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

/** With the rights that OLM grants for the OperatorCondition, and no others. */
async function restrictedKubeconfig(): Promise<string> {
  await admin.create(roles, { metadata: ref, ...{ rules: operatorConditionRules(ref.name) } });
  await admin.create(roleBindings, {
    metadata: ref,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: ref.name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  return writeServiceAccountKubeconfig(admin, cluster.kubeconfig, account, join(folder, 'kubeconfig'));
}

async function untilSaid(status: string): Promise<void> {
  await vi.waitFor(async () => {
    const found = await admin.get(operatorConditions, ref);
    expect(found?.spec?.conditions).toMatchObject([{ type: 'Upgradeable', status }]);
  }, within(15_000));
}

async function setPhase(phase: UpgradePhase): Promise<void> {
  const status = { upgrade: testUpgradeStatus(phase) };
  await admin.mergePatch(meshControlPlanes, { name: 'default' }, { status }, { subresource: 'status' });
}

describe('the OperatorCondition', () => {
  it('is waited for until OLM makes it', async () => {
    await vi.waitFor(() => expect(JSON.stringify(logger.entries)).toContain('OLM has to make it'), within(10_000));
    await admin.create(operatorConditions, {
      metadata: ref,
      ...{ spec: { deployments: ['meltemi-operator-v0.1.0'], serviceAccounts: ['meltemi-operator'] } },
    });
    await untilSaid('True');
  });

  it('says no while workloads move, and yes when they have', async () => {
    await admin.create(meshControlPlanes, {
      apiVersion: 'meltemi.dev/v1alpha1',
      kind: 'MeshControlPlane',
      metadata: { name: 'default' },
    });
    await setPhase('Moving');
    await untilSaid('False');
    await setPhase('Completed');
    await untilSaid('True');
  });

  it('keeps what is not the operator’s', async () => {
    const found = await admin.get(operatorConditions, ref);
    expect(found).toMatchObject({ spec: { deployments: ['meltemi-operator-v0.1.0'] } });
  });
});
