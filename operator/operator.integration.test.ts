import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition } from '../crds/custom-resource-definition.ts';
import { kinds, meshControlPlanes, meshRevisions, meshRevisionTags } from '../crds/kinds.ts';
import type { ControlPlane } from '../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { Condition, KubeObject, ObjectRef } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { writeServiceAccountKubeconfig } from '../lib/kube/service-account-kubeconfig.testing.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  customResourceDefinitions,
  deployments,
  events,
  horizontalPodAutoscalers,
  leases,
  mutatingWebhookConfigurations,
  namespaces,
  pods,
  secrets,
  serviceAccounts,
  validatingWebhookConfigurations,
} from '../lib/kube/resources.ts';
import { recordingLogger } from '../lib/logger.ts';
import { createRegistry } from '../lib/metrics.ts';
import { testDefaults } from './fixtures.testing.ts';
import { leaseName, runOperator } from './run.ts';
import { operatorRules } from './operator-rules.ts';
import { ownedResources } from './owned-resources.ts';

let cluster: ControlPlane;
let admin: KubeClient;
let operatorClient: KubeClient;
const folder = mkdtempSync(join(tmpdir(), 'meltemi-operator-'));
const stopping = new AbortController();
const metrics = createRegistry({ processMetrics: false });
const logger = recordingLogger();
let running: Promise<void>;

const inMesh = (name: string): ObjectRef => ({ namespace: 'istio-system', name });
const within = (ms: number) => ({ timeout: ms, interval: 50 });

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'operator-test' });
  admin = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const kind of kinds) await admin.create(customResourceDefinitions, crdObject(kind));
  await vi.waitFor(() => admin.list(meshControlPlanes), within(20_000));
  operatorClient = loadKubeClient({ kubeconfig: await operatorKubeconfig() });
  // The API server takes a moment to see a new binding.
  await vi.waitFor(() => operatorClient.get(leases, { namespace: 'meltemi-system', name: leaseName }), within(10_000));
  running = runOperator(
    {
      client: operatorClient,
      namespace: 'meltemi-system',
      identity: 'test-replica',
      metricsAddress: '127.0.0.1:0',
      healthAddress: '127.0.0.1:0',
      leaderElect: true,
      defaults: testDefaults,
      logger,
      metrics,
    },
    stopping.signal,
  );
}, 900_000);

afterAll(async () => {
  stopping.abort();
  await running;
  await Promise.all([admin.close(), operatorClient.close()]);
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

function crdObject(kind: (typeof kinds)[number]): KubeObject {
  return JSON.parse(JSON.stringify(customResourceDefinition(kind))) as KubeObject;
}

/** The operator acts with the rights that the chart gives it, and no others. */
async function operatorKubeconfig(): Promise<string> {
  const account = { namespace: 'meltemi-system', name: 'operator' };
  await admin.create(namespaces, { metadata: { name: account.namespace } });
  await admin.create(serviceAccounts, { metadata: account });
  const rules = [
    ...operatorRules,
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update', 'patch'] },
  ];
  await admin.create(clusterRoles, { metadata: { name: 'operator' }, rules });
  await admin.create(clusterRoleBindings, {
    metadata: { name: 'operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'operator' },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  return writeServiceAccountKubeconfig(admin, cluster.kubeconfig, account, join(folder, 'kubeconfig'));
}

async function exists(resource: Resource, ref: ObjectRef): Promise<KubeObject> {
  return vi.waitFor(async () => {
    const object = await admin.get(resource, ref);
    if (object === undefined) throw new Error(`no ${resource.kind} ${ref.name}`);
    return object;
  }, within(10_000));
}

async function condition(
  name: string,
  type: string,
  kind: Resource<KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } }> = meshControlPlanes,
): Promise<string> {
  const object = await admin.get(kind, { name });
  const found = object?.status?.conditions?.find((one) => one.type === type);
  return found === undefined ? 'absent' : `${found.status} ${found.reason}`;
}

async function untilCondition(
  name: string,
  type: string,
  wanted: string,
  kind?: Parameters<typeof condition>[2],
): Promise<void> {
  await vi.waitFor(async () => expect(await condition(name, type, kind)).toBe(wanted), within(10_000));
}

async function activeRevision(name = 'default'): Promise<string> {
  return (await admin.get(meshControlPlanes, { name }))?.status?.activeRevision ?? 'none';
}

async function revisionNames(): Promise<readonly string[]> {
  return (await admin.list(meshRevisions)).items.map(({ metadata }) => metadata.name).sort();
}

/** By name of a webhook of a configuration: the Service that it calls, and on which condition. */
async function webhooksOf(name: string): Promise<readonly string[]> {
  const found = await admin.get(mutatingWebhookConfigurations, { name });
  return (found?.webhooks ?? []).map(({ name: webhook, clientConfig, matchConditions = [] }) =>
    [webhook.split('.sidecar-injector')[0], clientConfig.service?.name, ...matchConditions.map((one) => one.name)].join(
      ' ',
    ),
  );
}

const patchSpec = (spec: object) => admin.mergePatch(meshControlPlanes, { name: 'default' }, { spec });

function tagObject(name: string, kind: string, target: string) {
  return {
    apiVersion: 'meltemi.dev/v1alpha1',
    kind: 'MeshRevisionTag',
    metadata: { name },
    spec: { targetRef: { kind, name: target } },
  };
}

async function ownedObjects(): Promise<readonly { readonly resource: Resource; readonly object: KubeObject }[]> {
  const found = [];
  for (const resource of ownedResources) {
    const { items } = await admin.list(resource, { labelSelector: 'app.kubernetes.io/managed-by=meltemi-operator' });
    found.push(...items.map((object) => ({ resource, object })));
  }
  return found;
}

/** What the deployment controller would write once all pods serve. */
async function rollOut(name = 'istiod'): Promise<void> {
  await vi.waitFor(async () => {
    const deployment = await admin.get(deployments, inMesh(name));
    const { generation = 0 } = deployment?.metadata ?? {};
    const replicas = deployment?.spec?.replicas ?? 0;
    const counts = { replicas, updatedReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas };
    const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
    const status = { observedGeneration: generation, ...counts, conditions };
    await admin.mergePatch(deployments, inMesh(name), { status }, { subresource: 'status' });
  }, within(10_000));
}

async function counted(name: string): Promise<number> {
  const metric = await metrics.getSingleMetric(name)?.get();
  return (metric?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

/** Resolves when the operator has written and reconciled nothing for longer than it waits before it looks again. */
async function untilQuiet(): Promise<void> {
  let last = '';
  let since = Date.now();
  await vi.waitFor(async () => {
    const now = [
      await counted('meltemi_operator_writes_total'),
      await counted('controller_runtime_reconcile_total'),
    ].join();
    if (now !== last) since = Date.now();
    last = now;
    expect(Date.now() - since).toBeGreaterThan(3_000);
  }, within(20_000));
}

function certificate(): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  return execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', '/CN=root', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

describe('operator', () => {
  const root = certificate();

  it('brings up a control plane from an empty spec, and says what it waits for', async () => {
    await admin.create(meshControlPlanes, {
      apiVersion: 'meltemi.dev/v1alpha1',
      kind: 'MeshControlPlane',
      metadata: { name: 'default' },
    });
    await exists(deployments, inMesh('istiod'));
    await untilCondition('default', 'Reconciled', 'False WaitingForRootCertificate');
    const object = await admin.get(meshControlPlanes, { name: 'default' });
    expect(object?.metadata.finalizers).toEqual(['meltemi.dev/operator']);
    expect(await admin.list(mutatingWebhookConfigurations)).toMatchObject({ items: [] });
  });

  it('makes the webhooks as soon as istiod has made its root, with the right bundle', async () => {
    const data = {
      'root-cert.pem': Buffer.from(root).toString('base64'),
      'ca-key.pem': Buffer.from('secret').toString('base64'),
    };
    await admin.create(secrets, { metadata: inMesh('istio-ca-secret'), data });
    const caBundle = Buffer.from(root).toString('base64');
    for (const resource of [mutatingWebhookConfigurations, validatingWebhookConfigurations]) {
      const { items } = await vi.waitFor(async () => {
        const list = await admin.list(resource);
        expect(list.items).toHaveLength(1);
        return list;
      }, within(10_000));
      for (const { clientConfig } of items[0]?.webhooks ?? []) expect(clientConfig.caBundle).toBe(caBundle);
    }
    await untilCondition('default', 'Reconciled', 'True Reconciled');
  });

  it('is Ready once all pods of the newest template serve', async () => {
    expect(await condition('default', 'Ready')).toBe('False RolloutInProgress');
    await rollOut();
    await untilCondition('default', 'Ready', 'True Ready');
    await untilCondition('default', 'Degraded', 'False AsExpected');
    const { status } = (await admin.get(meshControlPlanes, { name: 'default' })) ?? {};
    expect(status).toMatchObject({ revision: 'default', version: '0.1.0', observedGeneration: 1 });
    await vi.waitFor(async () => {
      const { items } = await admin.list(events, { namespace: 'default' });
      expect(items.map(({ reason }) => reason)).toContain('Ready');
    }, within(10_000));
  });

  it('gives every namespace the root certificate, also a new one', async () => {
    await admin.create(namespaces, { metadata: { name: 'shop' } });
    for (const namespace of ['default', 'kube-system', 'shop']) {
      expect(await exists(configMaps, { namespace, name: 'istio-ca-root-cert' })).toMatchObject({
        data: { 'root-cert.pem': root },
      });
    }
    expect(await admin.get(configMaps, { namespace: 'kube-public', name: 'istio-ca-root-cert' })).toBeUndefined();
  });

  it('says whether an upgrade could begin, having looked at everything that this cluster has', async () => {
    await untilCondition('default', 'Upgradeable', 'True PreflightIncomplete');
    const { status } = (await admin.get(meshControlPlanes, { name: 'default' })) ?? {};
    const { message = '' } = status?.conditions?.find(({ type }) => type === 'Upgradeable') ?? {};
    // There is no node, and all else can be learned with the operator's own rights.
    expect(message).toBe('nothing found is in the way; Capacity could not be checked: the API server shows no node');
  });

  it('is silent when settled', async () => {
    await untilQuiet();
    const before = [
      await counted('meltemi_operator_writes_total'),
      await counted('controller_runtime_reconcile_total'),
    ];
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const after = [await counted('meltemi_operator_writes_total'), await counted('controller_runtime_reconcile_total')];
    expect(after).toEqual(before);
  });

  it('brings back whatever is deleted', async () => {
    const owned = await ownedObjects();
    expect(owned.length).toBeGreaterThan(10);
    for (const { resource, object } of owned) {
      await admin.delete(resource, object.metadata);
      const again = await vi.waitFor(async () => {
        const found = await admin.get(resource, object.metadata);
        expect(found?.metadata.uid, `${resource.kind} ${object.metadata.name}`).toBeDefined();
        return found;
      }, within(5_000));
      expect(again?.metadata.uid).not.toBe(object.metadata.uid);
    }
    await rollOut();
    await untilCondition('default', 'Ready', 'True Ready');
  });

  it('turns back whatever is changed', async () => {
    const drift: readonly [Resource, ObjectRef, object, (object: KubeObject | undefined) => unknown, unknown][] = [
      [
        deployments,
        inMesh('istiod'),
        { spec: { template: { spec: { containers: [] } } } },
        (object) => JSON.stringify(object).includes('"--revision=default"'),
        true,
      ],
      [
        configMaps,
        inMesh('istio'),
        { data: { 'mesh.yaml': '' } },
        (o) => JSON.stringify(o).includes('image: meltemi'),
        true,
      ],
      [
        mutatingWebhookConfigurations,
        { name: 'istio-sidecar-injector' },
        { webhooks: null },
        (o) => JSON.stringify(o).includes('rev.namespace.sidecar-injector.istio.io'),
        true,
      ],
      [
        clusterRoles,
        { name: 'istiod-istio-system' },
        { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } },
        (o) => o?.metadata.labels?.['app.kubernetes.io/managed-by'],
        'meltemi-operator',
      ],
      [
        configMaps,
        { namespace: 'shop', name: 'istio-ca-root-cert' },
        { data: { 'root-cert.pem': 'rubbish' } },
        (o) => JSON.stringify(o).includes('rubbish'),
        false,
      ],
    ];
    for (const [resource, ref, patch, look, wanted] of drift) {
      const isRefused = await admin.mergePatch(resource, ref, patch).then(
        () => false,
        () => true,
      );
      // The API server itself refuses a Deployment without containers; anything else has to be repaired.
      expect(isRefused).toBe(resource === deployments);
      await vi.waitFor(async () => expect(look(await admin.get(resource, ref))).toBe(wanted), within(5_000));
    }
    const args = { op: 'replace', path: '/spec/template/spec/containers/0/args', value: ['nothing'] } as const;
    await admin.jsonPatch(deployments, inMesh('istiod'), [args]);
    await vi.waitFor(async () => {
      expect(JSON.stringify(await admin.get(deployments, inMesh('istiod')))).toContain('"--revision=default"');
    }, within(5_000));
    await rollOut();
  });

  it('leaves the number of replicas to the autoscaler without ever dropping it', async () => {
    await admin.mergePatch(
      meshControlPlanes,
      { name: 'default' },
      { spec: { pilot: { autoscaling: { enabled: true } } } },
    );
    await exists(horizontalPodAutoscalers, inMesh('istiod'));
    expect((await admin.get(deployments, inMesh('istiod')))?.spec?.replicas).toBe(2);
    await admin.mergePatch(deployments, inMesh('istiod'), { spec: { replicas: 4 } });
    await untilQuiet();
    expect((await admin.get(deployments, inMesh('istiod')))?.spec?.replicas).toBe(4);
    await admin.mergePatch(meshControlPlanes, { name: 'default' }, { spec: { pilot: { autoscaling: null } } });
    await vi.waitFor(async () => {
      expect(await admin.get(horizontalPodAutoscalers, inMesh('istiod'))).toBeUndefined();
      expect((await admin.get(deployments, inMesh('istiod')))?.spec?.replicas).toBe(2);
    }, within(10_000));
    await rollOut();
    await untilCondition('default', 'Ready', 'True Ready');
  });

  it('says in which field the API server finds a spec wrong, and does not try it again', async () => {
    const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } };
    await admin.mergePatch(meshControlPlanes, { name: 'default' }, { spec: { pilot: { affinity } } });
    await untilCondition('default', 'Reconciled', 'False ValidationError');
    const object = await admin.get(meshControlPlanes, { name: 'default' });
    expect(object?.status?.conditions?.find(({ type }) => type === 'Reconciled')?.message).toMatch(
      /^Deployment istio-system\/istiod: .*nodeSelectorTerms/,
    );
    await untilQuiet();
    await admin.mergePatch(meshControlPlanes, { name: 'default' }, { spec: { pilot: { affinity: null } } });
    await untilCondition('default', 'Reconciled', 'True Reconciled');
    await rollOut();
  });

  it('counts who uses a revision; what has ended does not count', async () => {
    const name = await activeRevision();
    expect(await revisionNames()).toEqual([name]);
    expect(name).toMatch(/^default-0-1-0-[0-9a-f]{8}$/);
    await untilCondition(name, 'Ready', 'True Ready', meshRevisions);
    await untilCondition(name, 'InUse', 'True Active', meshRevisions);
    const labels = { 'security.istio.io/tlsMode': 'istio' };
    for (const pod of ['cart', 'job']) {
      const metadata = { namespace: 'shop', name: pod, labels, annotations: { 'istio.io/rev': 'default' } };
      await admin.create(pods, { metadata, spec: { containers: [{ name: 'app', image: 'x' }] } });
    }
    await admin.create(namespaces, { metadata: { name: 'named', labels: { 'istio.io/rev': 'default' } } });
    const users = async () => (await admin.get(meshRevisions, { name }))?.status?.users;
    const wanted = (podsThatRun: number) => ({
      ...{ pods: podsThatRun, workloads: podsThatRun },
      ...{ namespaces: { count: 1, names: ['named'] }, tags: [] },
    });
    await vi.waitFor(async () => expect(await users()).toEqual(wanted(2)), within(10_000));
    const succeeded = { status: { phase: 'Succeeded' } };
    await admin.mergePatch(pods, { namespace: 'shop', name: 'job' }, succeeded, { subresource: 'status' });
    await vi.waitFor(async () => expect(await users()).toEqual(wanted(1)), within(10_000));
  });

  it('has a revision that nobody can change, and that comes back when somebody deletes it', async () => {
    const name = await activeRevision();
    await expect(admin.mergePatch(meshRevisions, { name }, { spec: { version: '9.9.9' } })).rejects.toThrow(
      /is immutable/,
    );
    await admin.delete(meshRevisions, { name });
    await exists(meshRevisions, { name });
    await untilCondition(name, 'InUse', 'True Active', meshRevisions);
    await admin.mergePatch(meshRevisions, { name }, { metadata: { labels: { 'istio.io/rev': 'other' } } });
    await vi.waitFor(async () => {
      const labels = (await admin.get(meshRevisions, { name }))?.metadata.labels;
      expect(labels?.['istio.io/rev']).toBe('default');
    }, within(10_000));
  });

  it('leads names of tags to it, as long as they are free and lead somewhere', async () => {
    await admin.create(meshRevisionTags, tagObject('prod', 'MeshControlPlane', 'default'));
    await untilCondition('prod', 'Reconciled', 'True Reconciled', meshRevisionTags);
    expect(await webhooksOf('istio-sidecar-injector-prod')).toEqual(['rev.namespace istiod', 'rev.object istiod']);
    const { status } = (await admin.get(meshRevisionTags, { name: 'prod' })) ?? {};
    expect(status).toMatchObject({ revision: await activeRevision(), namespace: 'istio-system' });
    await admin.create(namespaces, { metadata: { name: 'of-prod', labels: { 'istio.io/rev': 'prod' } } });
    await untilCondition('prod', 'InUse', 'True UsedByNamespaces', meshRevisionTags);
    await admin.create(meshRevisionTags, tagObject('default', 'MeshControlPlane', 'default'));
    await untilCondition('default', 'Reconciled', 'False NameAlreadyExists', meshRevisionTags);
    await admin.mergePatch(meshRevisionTags, { name: 'prod' }, { spec: { targetRef: { name: 'gone' } } });
    await untilCondition('prod', 'Reconciled', 'False RefNotFound', meshRevisionTags);
    await vi.waitFor(async () => expect(await webhooksOf('istio-sidecar-injector-prod')).toEqual([]), within(10_000));
    await admin.mergePatch(meshRevisionTags, { name: 'prod' }, { spec: { targetRef: { name: 'default' } } });
    await untilCondition('prod', 'Reconciled', 'True Reconciled', meshRevisionTags);
    await admin.delete(meshRevisionTags, { name: 'default' });
    await expect(
      admin.create(meshRevisionTags, tagObject('not.a.label', 'MeshControlPlane', 'default')),
    ).rejects.toThrow(/must be a DNS label/);
  });

  it('replaces istiod in place, and keeps the former record until the new one serves', async () => {
    const former = await activeRevision();
    await patchSpec({ meshConfig: { trustDomain: 'other' }, upgrade: { inactiveRevisionDeletionGracePeriod: '0s' } });
    await vi.waitFor(async () => expect(await revisionNames()).toHaveLength(2), within(10_000));
    await untilQuiet();
    expect(await activeRevision()).toBe(former);
    await rollOut();
    await vi.waitFor(async () => {
      expect(await activeRevision()).not.toBe(former);
      expect(await revisionNames()).toEqual([await activeRevision()]);
    }, within(10_000));
    await untilCondition('default', 'Ready', 'True Ready');
  });

  it('takes content back that does not become ready in time, and does not try it again', async () => {
    const former = await activeRevision();
    const text = async () => JSON.stringify(await admin.get(configMaps, inMesh('istio')));
    await patchSpec({ meshConfig: { trustDomain: 'bad' }, upgrade: { gates: { timeout: '10s' } } });
    await vi.waitFor(async () => expect(await text()).toContain('trustDomain: bad'), within(10_000));
    await vi.waitFor(async () => expect(await text()).toContain('trustDomain: other'), within(20_000));
    await rollOut();
    await untilCondition('default', 'Degraded', 'True UpgradeRolledBack');
    await untilCondition('default', 'Ready', 'True Ready');
    expect(await activeRevision()).toBe(former);
    await untilQuiet();
    expect(await text()).toContain('trustDomain: other');
    await vi.waitFor(async () => {
      const { items } = await admin.list(events, { namespace: 'default' });
      expect(items.map(({ reason }) => reason)).toContain('UpgradeRolledBack');
    }, within(10_000));
    await patchSpec({ meshConfig: { trustDomain: 'other' } });
    await untilCondition('default', 'Degraded', 'False AsExpected');
  });

  it('runs another revision beside the active one, told apart by the annotation of pods', async () => {
    const active = await activeRevision();
    await patchSpec({ meshConfig: { trustDomain: 'third' }, upgrade: { strategy: 'Canary' } });
    const target = await vi.waitFor(async () => {
      const name = (await revisionNames()).find((one) => one !== active);
      if (name === undefined) throw new Error('there is no target yet');
      return name;
    }, within(10_000));
    await exists(deployments, inMesh(`istiod-${target}`));
    const both = [
      'rev.namespace istiod not-given-to-other-revision',
      `given.rev.namespace istiod-${target} given-to-revision`,
    ];
    await vi.waitFor(async () => {
      expect(await webhooksOf('istio-sidecar-injector')).toEqual(expect.arrayContaining(both));
      expect(await webhooksOf('istio-sidecar-injector-prod')).toEqual(expect.arrayContaining(both));
    }, within(10_000));
    expect(await webhooksOf(`istio-sidecar-injector-${target}`)).toContain(`rev.namespace istiod-${target}`);
    expect(await condition('default', 'Ready')).toBe('True Ready');
    await patchSpec({ meshConfig: { trustDomain: 'other' } });
    await vi.waitFor(async () => {
      expect(await revisionNames()).toEqual([active]);
      expect(await admin.get(deployments, inMesh(`istiod-${target}`))).toBeUndefined();
    }, within(10_000));
    await untilCondition('default', 'Reconciled', 'True Reconciled');
    await untilQuiet();
    await admin.delete(pods, { namespace: 'shop', name: 'cart' }, { gracePeriodSeconds: 0 });
  });

  it('holds a second object for the same revision, and lets it go', async () => {
    const younger = {
      apiVersion: 'meltemi.dev/v1alpha1',
      kind: 'MeshControlPlane',
      metadata: { name: 'second' },
      spec: { revision: { name: 'default' }, namespace: 'elsewhere' },
    };
    await admin.create(meshControlPlanes, younger);
    await untilCondition('second', 'Reconciled', 'False NameAlreadyExists');
    await admin.delete(meshControlPlanes, { name: 'second' });
    await vi.waitFor(async () => {
      expect(await admin.get(meshControlPlanes, { name: 'second' })).toBeUndefined();
    }, within(10_000));
    expect(await admin.get(deployments, inMesh('istiod'))).toBeDefined();
  });

  it('was never refused anything', () => {
    const refusals = logger.entries.filter(({ fields }) => JSON.stringify(fields).includes('forbidden'));
    expect(refusals).toEqual([]);
  });

  it('goes on after the API server was away', async () => {
    await cluster.stopApiServer();
    await cluster.startApiServer();
    await vi.waitFor(() => admin.delete(configMaps, inMesh('istio')), within(30_000));
    await vi.waitFor(async () => expect(await admin.get(configMaps, inMesh('istio'))).toBeDefined(), within(60_000));
  });

  it('takes everything away with the object, webhooks first, and waits for pods by name', async () => {
    await rollOut();
    const labels = { app: 'istiod', 'meltemi.dev/control-plane': 'default', 'sidecar.istio.io/inject': 'false' };
    await admin.create(pods, {
      metadata: { ...inMesh('istiod-abc'), labels },
      spec: { containers: [{ name: 'discovery', image: 'x' }] },
    });
    await admin.create(leases, {
      metadata: { ...inMesh('istiod-abc'), labels: { 'meltemi.dev/istiod-status': 'default' } },
      spec: {},
    });
    await admin.delete(meshControlPlanes, { name: 'default' });
    await untilCondition('default', 'Progressing', 'True Deleting');
    const object = await admin.get(meshControlPlanes, { name: 'default' });
    expect(object?.status?.conditions?.find(({ type }) => type === 'Ready')?.message).toBe(
      'is being deleted; waiting for pod istio-system/istiod-abc to end',
    );
    expect(await admin.list(validatingWebhookConfigurations)).toMatchObject({ items: [] });
    expect(await admin.get(serviceAccounts, inMesh('istiod'))).toBeDefined();
    await admin.delete(pods, inMesh('istiod-abc'), { gracePeriodSeconds: 0 });
    await vi.waitFor(async () => {
      expect(await admin.get(meshControlPlanes, { name: 'default' })).toBeUndefined();
    }, within(10_000));
    expect(await ownedObjects()).toEqual([]);
    await untilCondition('prod', 'Reconciled', 'False RefNotFound', meshRevisionTags);
    const reports = await admin.list(leases, { labelSelector: 'meltemi.dev/istiod-status' });
    expect(reports.items).toEqual([]);
    expect(await admin.get(secrets, inMesh('istio-ca-secret'))).toBeDefined();
    expect(await admin.get(namespaces, { name: 'istio-system' })).toBeDefined();
  });

  it('releases its lease in the end', async () => {
    stopping.abort();
    await running;
    const lease = await admin.get(leases, { namespace: 'meltemi-system', name: leaseName });
    expect(lease?.spec?.holderIdentity ?? '').toBe('');
  });
});
