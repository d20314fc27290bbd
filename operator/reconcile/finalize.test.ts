import { describe, expect, it } from 'vitest';
import { configMaps, leases, namespaces, pods, secrets } from '../../lib/kube/resources.ts';
import { desiredObjects } from '../components/components.ts';
import { revisionOf } from '../components/revision.ts';
import { rootCertificateConfigMap } from '../components/root-certificate.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { fakeApi } from '../fake-api.testing.ts';
import { testControlPlane, testDefaults } from '../fixtures.testing.ts';
import { ownedResources } from '../owned-resources.ts';
import { finalize } from './finalize.ts';

const revision = revisionOf(
  testControlPlane('default', { pilot: { autoscaling: { enabled: true } } }),
  testDefaults,
  'PEM',
);
const other = revisionOf(testControlPlane('canary'), testDefaults, 'PEM');

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
    expect(await finalize({ client: api, isLast: true }, revision)).toBe('pod istio-system/istiod-abc to end');
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
    await finalize({ client: api, isLast: true }, revision);
    await api.delete(pods, { namespace: 'istio-system', name: 'istiod-abc' });
    expect(await finalize({ client: api, isLast: true }, revision)).toBeUndefined();
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
    await finalize({ client: api, isLast: false }, revision);
    expect(api.objects(configMaps).map(({ metadata }) => metadata.namespace)).toContain('shop');
    const ofOther = ownedResources.flatMap((resource) =>
      api.objects(resource).filter(({ metadata }) => metadata.labels?.['meltemi.dev/control-plane'] === 'canary'),
    );
    expect(ofOther).toHaveLength(desiredObjects(other).length);
  });
});
