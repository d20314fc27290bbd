import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { customResourceDefinition } from '../../crds/custom-resource-definition.ts';
import { kinds, meshControlPlanes, meshRevisions, meshRevisionTags } from '../../crds/kinds.ts';
import type { ControlPlane } from '../../e2e/cluster/control-plane.ts';
import { startControlPlane } from '../../e2e/cluster/control-plane.ts';
import { freePorts } from '../../e2e/cluster/ports.ts';
import { describeError } from '../../lib/errors.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { loadKubeClient } from '../../lib/kube/client.ts';
import { createInformer } from '../../lib/kube/informer.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  customResourceDefinitions,
  namespaces,
  pods,
  roleBindings,
  roles,
  secrets,
  serviceAccounts,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import { writeServiceAccountKubeconfig } from '../../lib/kube/service-account-kubeconfig.testing.ts';
import type { PolicyRule } from '../../lib/kube/types.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry } from '../../lib/metrics.ts';
import { testDefaults } from '../fixtures.testing.ts';
import { operatorRules } from '../operator-rules.ts';
import { reviewContext } from './context.ts';
import { servingRules } from './namespace-rules.ts';
import { AdmissionServer } from './server.ts';
import { servingSecretName } from './serving-secret.ts';
import { admissionConfigurationName } from './webhook-configuration.ts';

const namespace = 'meltemi-system';
const within = (ms: number) => ({ timeout: ms, interval: 50 });
const folder = mkdtempSync(join(tmpdir(), 'meltemi-admission-'));
const stopping = new AbortController();
const informing = new AbortController();
const logger = recordingLogger();
const clients: KubeClient[] = [];
const secretRef = { namespace, name: servingSecretName };
const configurationRef = { name: admissionConfigurationName(namespace) };
let cluster: ControlPlane;
let admin: KubeClient;
let operator: KubeClient;
let server: AdmissionServer;
let running: Promise<void>;

/** May apply MeshControlPlanes, and what is granted beside. */
const applier: readonly PolicyRule[] = [{ apiGroups: ['meltemi.dev'], resources: ['*'], verbs: ['*'] }];

beforeAll(async () => {
  cluster = await startControlPlane({ name: 'admission-test' });
  admin = loadKubeClient({ kubeconfig: cluster.kubeconfig });
  for (const kind of kinds) {
    const definition = JSON.parse(JSON.stringify(customResourceDefinition(kind))) as KubeObject;
    await admin.create(customResourceDefinitions, definition);
  }
  await vi.waitFor(() => admin.list(meshRevisionTags), within(20_000));
  await vi.waitFor(() => admin.list(meshControlPlanes), within(20_000));
  await admin.create(namespaces, { metadata: { name: namespace } });
  operator = await userWith('operator', operatorRules);
  await admin.create(roles, { metadata: { namespace, name: 'operator' }, ...{ rules: servingRules } });
  await admin.create(roleBindings, {
    metadata: { namespace, name: 'operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'operator' },
    subjects: [{ kind: 'ServiceAccount', namespace, name: 'operator' }],
  });
  await startAdmission();
}, 900_000);

async function startAdmission(): Promise<void> {
  const controlPlanes = createInformer(admin, meshControlPlanes, { logger });
  const allNamespaces = createInformer(admin, namespaces, { logger, metadataOnly: true });
  for (const informer of [controlPlanes, allNamespaces]) {
    informer.start(informing.signal);
    await informer.synced();
  }
  const stores = { controlPlanes: controlPlanes.store, namespaces: allNamespaces.store };
  const [port = 0] = await freePorts(1);
  server = new AdmissionServer({
    client: operator,
    namespace,
    address: `127.0.0.1:${String(port)}`,
    endpoint: { url: `https://localhost:${String(port)}` },
    context: reviewContext({ client: operator, stores, defaults: testDefaults }),
    logger,
    metrics: createRegistry({ processMetrics: false }),
    now: () => new Date(),
  });
  running = server.run(stopping.signal);
  await vi.waitFor(async () => {
    expect(await admin.get(validatingWebhookConfigurations, configurationRef)).toBeDefined();
  }, within(20_000));
  // The API server follows the configurations by watching.
  await vi.waitFor(async () => {
    await expect(admin.create(meshControlPlanes, controlPlane('probe', nonsense), { dryRun: true })).rejects.toThrow(
      /admission webhook/,
    );
  }, within(20_000));
}

afterAll(async () => {
  stopping.abort();
  informing.abort();
  await running;
  await Promise.all([admin, ...clients].map((client) => client.close()));
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

/** A ServiceAccount with these rights everywhere, and a client that acts as it. */
async function userWith(name: string, rules: readonly PolicyRule[]): Promise<KubeClient> {
  const account = { namespace, name };
  await admin.create(serviceAccounts, { metadata: account });
  await admin.create(clusterRoles, { metadata: { name }, rules });
  await admin.create(clusterRoleBindings, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  });
  const file = await writeServiceAccountKubeconfig(admin, cluster.kubeconfig, account, join(folder, name));
  const client = loadKubeClient({ kubeconfig: file });
  clients.push(client);
  return client;
}

const nonsense = { pilot: { logLevel: 'nonsense' } };

function controlPlane(name: string, spec: object = {}) {
  return { apiVersion: 'meltemi.dev/v1alpha1', kind: 'MeshControlPlane', metadata: { name }, spec };
}

async function refusal(act: Promise<unknown>): Promise<string> {
  return act.then(
    () => '',
    (error: unknown) => describeError(error),
  );
}

describe('admission by the operator', () => {
  it('names the field of what cannot work, also to an administrator', async () => {
    const words = await refusal(admin.create(meshControlPlanes, controlPlane('default', nonsense)));
    expect(words).toContain('spec.pilot.logLevel');
    const version = await refusal(admin.create(meshControlPlanes, controlPlane('default', { version: '99.0.0' })));
    expect(version).toContain('spec.version');
    const place = await refusal(admin.create(meshControlPlanes, controlPlane('x', { namespace: 'kube-public' })));
    expect(place).toContain('spec.namespace');
  });

  it('lets nobody do through a MeshControlPlane what they may not do themselves', async () => {
    const jane = await userWith('jane', applier);
    const words = await refusal(jane.create(meshControlPlanes, controlPlane('default')));
    expect(words).toContain('user "system:serviceaccount:meltemi-system:jane"');
    expect(words).toContain('create clusterrolebindings.rbac.authorization.k8s.io');
    await admin.create(meshControlPlanes, controlPlane('default'));
    const image = await refusal(
      jane.mergePatch(meshControlPlanes, { name: 'default' }, { spec: { pilot: { image: 'evil.example/istiod' } } }),
    );
    expect(image).toContain('update deployments.apps "istiod" in namespace "istio-system"');
  });

  it('lets those who hold the rights, and just these', async () => {
    const everything = [...operatorRules, ...applier];
    const lisa = await userWith('lisa', everything);
    expect(await refusal(lisa.create(meshControlPlanes, controlPlane('lisa', { namespace: 'lisa' })))).toBe('');
    const scaler = await userWith('scaler', [
      ...applier,
      { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['istiod'], verbs: ['update'] },
    ]);
    const ref = { name: 'default' };
    expect(await refusal(scaler.mergePatch(meshControlPlanes, ref, { spec: { pilot: { replicas: 3 } } }))).toBe('');
    expect(await refusal(scaler.mergePatch(meshControlPlanes, ref, { spec: { proxy: { image: 'x' } } }))).toContain(
      'update mutatingwebhookconfigurations',
    );
  });

  it('leaves alone what does not change the spec', async () => {
    const finalizers = await userWith('annotator', applier);
    const metadata = { finalizers: ['x.dev/held'], labels: { a: 'b' } };
    expect(await refusal(finalizers.mergePatch(meshControlPlanes, { name: 'default' }, { metadata }))).toBe('');
    const off = { metadata: { finalizers: null } };
    expect(await refusal(finalizers.mergePatch(meshControlPlanes, { name: 'default' }, off))).toBe('');
  });

  it('refuses a second one for the same revision before it is stored', async () => {
    const words = await refusal(
      admin.create(meshControlPlanes, controlPlane('second', { revision: { name: 'default' }, namespace: 'other' })),
    );
    expect(words).toContain('already belongs to the older MeshControlPlane "default"');
  });

  it('lets only the operator write MeshRevisions', async () => {
    const revision = {
      apiVersion: 'meltemi.dev/v1alpha1',
      kind: 'MeshRevision',
      metadata: { name: 'default-0-1-0-abc' },
      spec: {
        controlPlane: 'default',
        revision: 'default',
        version: '0.1.0',
        namespace: 'istio-system',
        images: { istiod: 'a', proxy: 'b' },
      },
    };
    expect(await refusal(admin.create(meshRevisions, revision))).toContain('only the operator writes');
    const own = await refusal(operator.create(meshRevisions, revision));
    expect(own).not.toContain('admission webhook');
  });

  it('takes a tag for the webhook that it becomes', async () => {
    const tag = (name: string) => ({
      apiVersion: 'meltemi.dev/v1alpha1',
      kind: 'MeshRevisionTag',
      metadata: { name },
      spec: { targetRef: { kind: 'MeshControlPlane', name: 'default' } },
    });
    const tagger = await userWith('tagger', applier);
    expect(await refusal(tagger.create(meshRevisionTags, tag('prod')))).toContain(
      'create mutatingwebhookconfigurations',
    );
    expect(await refusal(admin.create(meshRevisionTags, tag('prod')))).toBe('');
  });

  it('holds a deletion while proxies use the control plane, by number and name', async () => {
    await admin.create(namespaces, { metadata: { name: 'shop' } });
    const made = await admin
      .create(serviceAccounts, { metadata: { namespace: 'shop', name: 'default' } })
      .catch(() => 0);
    expect(made).toBeDefined();
    await admin.create(pods, {
      metadata: {
        namespace: 'shop',
        name: 'cart-7d9-x',
        labels: { 'security.istio.io/tlsMode': 'istio', 'pod-template-hash': '7d9' },
        annotations: { 'istio.io/rev': 'default' },
        ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-7d9', uid: 'u', controller: true }],
      },
      spec: { containers: [{ name: 'cart', image: 'x' }] },
    });
    const ref = { name: 'default' };
    const words = await refusal(admin.delete(meshControlPlanes, ref, { dryRun: true }));
    expect(words).toContain('is used by 1 proxy: Deployment shop/cart');
    await admin.mergePatch(meshControlPlanes, ref, {
      metadata: { annotations: { 'meltemi.dev/force-delete': 'true' } },
    });
    expect(await refusal(admin.delete(meshControlPlanes, ref, { dryRun: true }))).toBe('');
    await admin.mergePatch(meshControlPlanes, ref, { metadata: { annotations: { 'meltemi.dev/force-delete': null } } });
    await admin.delete(namespaces, { name: 'shop' });
    expect(await refusal(admin.delete(meshControlPlanes, ref, { dryRun: true }))).toBe('');
  });

  it('goes with what the operator was installed with', async () => {
    const configuration = await admin.get(validatingWebhookConfigurations, configurationRef);
    expect(configuration?.metadata.ownerReferences).toMatchObject([{ kind: 'ClusterRoleBinding', name: 'operator' }]);
    const secret = await admin.get(secrets, secretRef);
    expect(secret?.metadata.ownerReferences).toMatchObject([{ kind: 'ServiceAccount', name: 'operator' }]);
  });

  it('is brought back, and with a certificate that is trusted before it is served', async () => {
    const before = await admin.get(secrets, secretRef);
    await admin.delete(validatingWebhookConfigurations, configurationRef);
    await vi.waitFor(async () => {
      expect(await admin.get(validatingWebhookConfigurations, configurationRef)).toBeDefined();
    }, within(10_000));
    await admin.mergePatch(secrets, secretRef, { data: { 'tls.key': Buffer.from('rubbish').toString('base64') } });
    await vi.waitFor(async () => {
      const secret = await admin.get(secrets, secretRef);
      expect(secret?.data?.['tls.crt']).not.toBe(before?.data?.['tls.crt']);
    }, within(10_000));
    const end = Date.now() + 8_000;
    // Meanwhile the server changes its certificate.
    while (Date.now() < end) {
      const words = await refusal(admin.create(meshControlPlanes, controlPlane('probe', nonsense), { dryRun: true }));
      expect(words).toContain('spec.pilot.logLevel');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(logger.entries.map(({ message }) => message)).toContain(
      'serving the admission webhook with a new certificate',
    );
  });

  it('is in nobody’s way but of what grants something, when nobody answers', async () => {
    await admin.mergePatch(meshControlPlanes, { name: 'default' }, { metadata: { finalizers: ['x.dev/held'] } });
    stopping.abort();
    await running;
    const ref = { name: 'default' };
    expect(await refusal(admin.mergePatch(meshControlPlanes, ref, { spec: { pilot: { replicas: 5 } } }))).toContain(
      'failed calling webhook',
    );
    expect(await refusal(admin.delete(meshControlPlanes, ref))).toBe('');
    expect(await refusal(admin.mergePatch(meshControlPlanes, ref, { metadata: { finalizers: null } }))).toBe('');
    expect(await admin.get(meshControlPlanes, ref)).toBeUndefined();
  });

  it('was never refused anything itself, but to write what only this test has it write', () => {
    const forbidden = logger.entries.filter(({ fields }) => JSON.stringify(fields).includes('is forbidden'));
    expect(forbidden).toEqual([]);
  });
});
