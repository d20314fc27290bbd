import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../lib/kube/object.ts';
import {
  clusterRoles,
  deployments,
  horizontalPodAutoscalers,
  roleBindings,
  serviceAccounts,
  services,
} from '../../lib/kube/resources.ts';
import { desiredObjects } from '../components/components.ts';
import { revisionOf } from '../components/revision.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testDefaults, testWorld } from '../fixtures.testing.ts';
import { ownedResources } from '../owned-resources.ts';
import { converge } from './converge.ts';
import { FreshObjects } from './fresh-objects.ts';
import { plan } from './plan.ts';
import type { LiveObject, World } from './world.ts';

const now = new Date('2026-03-01T12:00:00Z');
const existing = new Set(['default', 'other']);

function world(owned: readonly LiveObject[], parts: Partial<World> = {}): World {
  return testWorld({ owned, ...parts });
}

/** What an informer would have of the API. */
function ownedIn(api: FakeApi): readonly LiveObject[] {
  return ownedResources.flatMap((resource) =>
    api
      .objects(resource)
      .filter(({ metadata }) => metadata.labels?.['meltemi.dev/control-plane'] === 'default')
      .map((object) => ({ resource, object })),
  );
}

async function run(api: FakeApi, parts: Partial<World> = {}, owned = ownedIn(api)) {
  const of = world(owned, parts);
  const decision = plan(of, testDefaults, { now });
  if (decision.kind !== 'converge') throw new Error(decision.kind);
  const context = { client: api, controlPlane: 'default', exists: (name: string) => existing.has(name) };
  return converge({ ...context, fresh: new FreshObjects() }, decision, of.owned);
}

async function settledApi(parts: Partial<World> = {}): Promise<FakeApi> {
  const api = fakeApi();
  await run(api, parts);
  return api;
}

const istiod = { namespace: 'istio-system', name: 'istiod' };

describe('converge', () => {
  it('makes everything in order, pods after what they need and webhooks last', async () => {
    const api = fakeApi();
    const outcome = await run(api, { namespace: undefined });
    expect(outcome.failure).toBeUndefined();
    expect(api.writes).toEqual([
      'create Namespace istio-system',
      expect.stringMatching(/^apply MeshRevision default-0-1-0-[0-9a-f]{8}$/),
      'apply ServiceAccount istio-system/istiod',
      'apply Role istio-system/istiod',
      'apply RoleBinding istio-system/istiod',
      'apply ClusterRole istiod-istio-system',
      'apply ClusterRoleBinding istiod-istio-system',
      'apply ConfigMap istio-system/istio',
      'apply Service istio-system/istiod',
      'apply PodDisruptionBudget istio-system/istiod',
      'apply Deployment istio-system/istiod',
      'apply MutatingWebhookConfiguration istio-sidecar-injector',
      'apply ValidatingWebhookConfiguration istio-validator-istio-system',
    ]);
  });

  it('writes nothing when everything is as it should be', async () => {
    const api = await settledApi();
    const before = api.writes.length;
    await run(api);
    expect(api.writes.slice(before)).toEqual([]);
  });

  it('leaves fields of others alone', async () => {
    const api = await settledApi();
    const [account] = api.objects(serviceAccounts);
    api.seed(serviceAccounts, { ...account, metadata: { ...istiod, ...account?.metadata }, secrets: [] } as KubeObject);
    const before = api.writes.length;
    await run(api);
    expect(api.writes.slice(before)).toEqual([]);
  });

  it('repairs what was changed and what was deleted, and nothing else', async () => {
    const api = await settledApi();
    const [role] = api.objects(clusterRoles);
    if (role === undefined) throw new Error('no role');
    api.seed(clusterRoles, { ...role, rules: [] } as KubeObject);
    await api.delete(services, istiod);
    const before = api.writes.length;
    await run(api);
    expect(api.writes.slice(before)).toEqual([
      'apply ClusterRole istiod-istio-system',
      'apply Service istio-system/istiod',
    ]);
  });

  it('writes an object again when a field of it is not wished any more', async () => {
    const limited = testControlPlane('default', { pilot: { resources: { limits: { cpu: '1' } } } });
    const api = await settledApi({ controlPlane: limited });
    const before = api.writes.length;
    await run(api, { controlPlane: testControlPlane('default', { pilot: { resources: {} } }) });
    expect(api.writes.slice(before)).toEqual(['apply Deployment istio-system/istiod']);
  });

  it('hands the number of replicas over before it leaves it to the autoscaler, and takes the autoscaler away again', async () => {
    const api = await settledApi();
    const scaled = testControlPlane('default', { pilot: { autoscaling: { enabled: true } } });
    let before = api.writes.length;
    await run(api, { controlPlane: scaled });
    expect(api.writes.slice(before)).toEqual([
      'apply Deployment istio-system/istiod',
      'apply Deployment istio-system/istiod',
      'apply HorizontalPodAutoscaler istio-system/istiod',
    ]);
    before = api.writes.length;
    await run(api);
    expect(api.writes.slice(before)).toContain('delete HorizontalPodAutoscaler istio-system/istiod');
    expect(api.objects(horizontalPodAutoscalers)).toEqual([]);
  });

  it('keeps the webhooks while the root certificate cannot be read', async () => {
    const api = await settledApi();
    const before = api.writes.length;
    await run(api, { rootCertificate: { state: 'absent' } });
    expect(api.writes.slice(before)).toEqual([]);
  });

  it('does not touch an object of somebody else, and makes nothing after it', async () => {
    const api = fakeApi();
    api.seed(deployments, { metadata: istiod });
    const outcome = await run(api);
    expect(outcome.failure).toMatchObject({ next: 'wait', verdict: { reason: 'NameAlreadyExists' } });
    expect(outcome.failure?.verdict.message).toMatch(
      /^Deployment istio-system\/istiod already exists and was not made by Meltemi/,
    );
    expect(api.writes).not.toContain('apply Deployment istio-system/istiod');
    expect(api.writes.at(-1)).toBe('apply PodDisruptionBudget istio-system/istiod');
  });

  it('leaves the object of another MeshControlPlane to it, unless that one is gone', async () => {
    const labels = (owner: string) => ({ 'meltemi.dev/control-plane': owner });
    const api = fakeApi();
    api.seed(services, { metadata: { ...istiod, labels: labels('other') } });
    expect((await run(api)).failure?.verdict.message).toBe(
      'Service istio-system/istiod already belongs to MeshControlPlane "other"',
    );
    api.seed(services, { metadata: { ...istiod, labels: labels('gone') } });
    expect((await run(api)).failure).toBeUndefined();
  });

  it('takes an object back whose labels somebody has removed', async () => {
    const api = await settledApi();
    const [service] = api.objects(services);
    if (service === undefined) throw new Error('no service');
    const { labels: _gone, ...metadata } = service.metadata;
    api.seed(services, { ...service, metadata });
    const outcome = await run(api);
    expect(outcome.failure).toBeUndefined();
    expect(api.objects(services)[0]?.metadata.labels).toMatchObject({ 'meltemi.dev/control-plane': 'default' });
  });

  it('makes a binding anew whose role cannot be changed', async () => {
    const api = await settledApi();
    const [binding] = api.objects(roleBindings);
    if (binding === undefined) throw new Error('no binding');
    api.seed(roleBindings, { ...binding, roleRef: { apiGroup: '', kind: 'Role', name: 'admin' } } as KubeObject);
    api.failOnce('apply RoleBinding istio-system/istiod', apiError(422, 'Invalid', 'cannot change roleRef'));
    const before = api.writes.length;
    expect((await run(api)).failure).toBeUndefined();
    expect(api.writes.slice(before)).toEqual([
      'apply RoleBinding istio-system/istiod',
      'delete RoleBinding istio-system/istiod',
      'apply RoleBinding istio-system/istiod',
    ]);
  });

  it.each([
    [apiError(422, 'Invalid', 'spec.affinity is wrong'), 'terminal', 'ValidationError'],
    [
      apiError(403, 'Forbidden', 'unable to create new content in namespace x because it is being terminated'),
      'retry',
      'NamespaceTerminating',
    ],
    [apiError(403, 'Forbidden', 'user cannot patch deployments'), 'retry', 'ReconcileError'],
    [apiError(500, 'InternalError', 'etcd is away'), 'retry', 'ReconcileError'],
  ] as const)('says what failed and whether to try again: %s', async (error, next, reason) => {
    const api = fakeApi();
    api.failOnce('apply Deployment istio-system/istiod', error);
    const { failure } = await run(api);
    expect(failure).toMatchObject({ next, verdict: { reason } });
    expect(failure?.verdict.message).toMatch(/^Deployment istio-system\/istiod: /);
  });

  it('makes exactly what the components say', async () => {
    const api = await settledApi();
    const wanted = desiredObjects(revisionOf(testControlPlane('default'), testDefaults, 'PEM'));
    // And the record of it.
    expect(ownedIn(api)).toHaveLength(wanted.length + 1);
  });
});
