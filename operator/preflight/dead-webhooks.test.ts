import { describe, expect, it } from 'vitest';
import {
  endpointSlices,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import type { AdmissionWebhook } from '../../lib/kube/types.ts';
import { fakeApi } from '../fake-api.testing.ts';
import { deadWebhooks } from './dead-webhooks.ts';

function webhook(service: string, more: Partial<AdmissionWebhook> = {}): AdmissionWebhook {
  return {
    name: `${service}.x.dev`,
    clientConfig: { service: { namespace: 'other', name: service } },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    ...more,
  };
}

function cluster() {
  const api = fakeApi();
  const seed = (name: string, webhooks: readonly AdmissionWebhook[], labels = {}): void =>
    api.seed(mutatingWebhookConfigurations, { metadata: { name, labels }, ...{ webhooks } });
  const answer = (service: string, ready: boolean): void =>
    api.seed(endpointSlices, {
      metadata: { namespace: 'other', name: service, labels: { 'kubernetes.io/service-name': service } },
      ...{ endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready } }] },
    });
  return { api, seed, answer };
}

describe('deadWebhooks', () => {
  it('are those that pods wait for and nobody answers', async () => {
    const { api, seed, answer } = cluster();
    seed('one', [webhook('gone'), webhook('unready'), webhook('well')]);
    answer('unready', false);
    answer('well', true);
    api.seed(validatingWebhookConfigurations, { metadata: { name: 'two' }, ...{ webhooks: [webhook('gone')] } });
    expect(await deadWebhooks(api, 'default')).toEqual([
      { name: 'MutatingWebhookConfiguration one (webhook gone.x.dev)', service: 'Service other/gone' },
      { name: 'MutatingWebhookConfiguration one (webhook unready.x.dev)', service: 'Service other/unready' },
      { name: 'ValidatingWebhookConfiguration two (webhook gone.x.dev)', service: 'Service other/gone' },
    ]);
  });

  it('are none of those that pods can do without, nor the control plane’s own', async () => {
    const { api, seed } = cluster();
    const rules = [{ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }];
    seed('one', [webhook('gone', { failurePolicy: 'Ignore' }), webhook('gone', { rules })]);
    seed('own', [webhook('gone')], { 'meltemi.dev/control-plane': 'default' });
    expect(await deadWebhooks(api, 'default')).toEqual([]);
    expect(await deadWebhooks(api, 'another')).toHaveLength(1);
  });
});
