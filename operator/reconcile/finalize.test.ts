import { describe, expect, it } from 'vitest';
import { configMaps, leases, namespaces, pods, secrets } from '../../lib/kube/resources.ts';
import { desiredObjects } from '../components/components.ts';
import { revisionOf } from '../components/revision.ts';
import { rootCertificateConfigMap } from '../components/root-certificate.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { ownedResources } from '../owned-resources.ts';
import type { FinalizeContext } from './finalize.ts';
import { finalize } from './finalize.ts';

const controlPlane = testControlPlane('default', { pilot: { autoscaling: { enabled: true } } });
const revision = revisionOf(controlPlane, testDefaults, 'PEM');
const other = revisionOf(testControlPlane('canary'), testDefaults, 'PEM');

function contextOf(client: FakeApi, one = controlPlane): FinalizeContext {
  return { client, controlPlane: one, isLast: true, isLastOfNamespace: true };
}

/** A pod with a sidecar of this revision. */
function seedProxy(api: FakeApi, namespace: string, name: string, of = 'default', metadata: object = {}): void {
  api.seed(namespaces, { metadata: { name: namespace } });
  api.seed(pods, {
    metadata: {
      ...{ namespace, name: `${name}-7d9-x` },
      labels: { 'security.istio.io/tlsMode': 'istio', 'pod-template-hash': '7d9' },
      annotations: { 'istio.io/rev': of },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-7d9`, uid: 'u', controller: true }],
      ...metadata,
    },
  });
}

function installed(): FakeApi {
  const api = fakeApi();
  for (const { resource, object } of [...desiredObjects(revision), ...desiredObjects(other)])
    api.seed(resource, object);
  const labels = { app: 'istiod', 'meltemi.dev/control-plane': 'default' };
  api.seed(pods, { metadata: { namespace: 'istio-system', name: 'istiod-abc', labels } });
  api.seed(leases, {
    metadata: { namespace: 'istio-system', name: 'istiod-abc', labels: { 'meltemi.dev/istiod-status': 'default' } },
  });
  api.seed(secrets, { metadata: { namespace: 'istio-system', name: 'istio-ca-secret' } });
  api.seed(namespaces, { metadata: { name: 'istio-system' } });
  const { resource, object } = rootCertificateConfigMap('shop', 'PEM');
  api.seed(resource, object);
  api.seed(configMaps, { metadata: { namespace: 'foreign', name: 'istio-ca-root-cert' } });
  return api;
}

describe('finalize', () => {
  it('takes the webhooks away first, then istiod, and waits for its pods before it goes on', async () => {
    const api = installed();
    expect(await finalize(contextOf(api), revision)).toBe('pod istio-system/istiod-abc to end');
    expect(api.writes).toEqual([
      'delete MutatingWebhookConfiguration istio-sidecar-injector',
      'delete ValidatingWebhookConfiguration istio-validator-istio-system',
      'delete HorizontalPodAutoscaler istio-system/istiod',
      'delete Deployment istio-system/istiod',
      'delete PodDisruptionBudget istio-system/istiod',
    ]);
  });

  it('can be taken up at any point, and then leaves nothing but what is documented', async () => {
    const api = installed();
    await finalize(contextOf(api), revision);
    await api.delete(pods, { namespace: 'istio-system', name: 'istiod-abc' });
    expect(await finalize(contextOf(api), revision)).toBeUndefined();
    const left = ownedResources.flatMap((resource) =>
      api.objects(resource).filter(({ metadata }) => metadata.labels?.['meltemi.dev/control-plane'] === 'default'),
    );
    expect(left).toEqual([]);
    expect(api.objects(leases)).toEqual([]);
    expect(api.objects(secrets)).toHaveLength(1);
    expect(api.objects(namespaces)).toHaveLength(1);
    expect(api.objects(configMaps).map(({ metadata }) => metadata.namespace)).toEqual(['istio-system', 'foreign']);
  });

  it('leaves the root certificates while another control plane needs them, and that one untouched', async () => {
    const api = installed();
    await api.delete(pods, { namespace: 'istio-system', name: 'istiod-abc' });
    await finalize({ ...contextOf(api), isLast: false }, revision);
    expect(api.objects(configMaps).map(({ metadata }) => metadata.namespace)).toContain('shop');
    const ofOther = ownedResources.flatMap((resource) =>
      api.objects(resource).filter(({ metadata }) => metadata.labels?.['meltemi.dev/control-plane'] === 'canary'),
    );
    expect(ofOther).toHaveLength(desiredObjects(other).length);
  });

  it('touches nothing while proxies use the control plane, and names them', async () => {
    const api = installed();
    seedProxy(api, 'shop', 'cart');
    seedProxy(api, 'shop', 'catalog', 'canary');
    expect(await finalize(contextOf(api), revision)).toMatch(
      /^1 proxy: Deployment shop\/cart, which use it \(.*kubectl annotate meshcontrolplane default meltemi.dev\/force-delete=true/,
    );
    expect(api.writes).toEqual([]);
    expect(await finalize(contextOf(api), revision, ['default', 'canary'])).toMatch(/^2 proxies: /);
  });

  it('does not wait for pods that go, or whose namespace does', async () => {
    const api = installed();
    const deletionTimestamp = '2026-01-01T00:00:00Z';
    seedProxy(api, 'shop', 'cart', 'default', { deletionTimestamp });
    seedProxy(api, 'leaving', 'cart');
    api.seed(namespaces, { metadata: { name: 'leaving', deletionTimestamp } });
    expect(await finalize(contextOf(api), revision)).toBe('pod istio-system/istiod-abc to end');
  });

  it('goes on although proxies use it when it is told to', async () => {
    const api = installed();
    seedProxy(api, 'shop', 'cart');
    const annotations = { 'meltemi.dev/force-delete': 'true' };
    const forced = { ...controlPlane, metadata: { ...controlPlane.metadata, annotations } };
    expect(await finalize(contextOf(api, forced), revision)).toBe('pod istio-system/istiod-abc to end');
    expect(api.writes.length).toBeGreaterThan(0);
  });

  it('takes the certificate authority away where the spec says so, unless another one shares it', async () => {
    const api = installed();
    await api.delete(pods, { namespace: 'istio-system', name: 'istiod-abc' });
    const deleting = testControlPlane('default', { ca: { deletionPolicy: 'Delete' } });
    await finalize({ ...contextOf(api, deleting), isLastOfNamespace: false }, revision);
    expect(api.objects(secrets)).toHaveLength(1);
    expect(await finalize(contextOf(api, deleting), revision)).toBeUndefined();
    expect(api.objects(secrets)).toEqual([]);
  });
});
