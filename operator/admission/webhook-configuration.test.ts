import { describe, expect, it } from 'vitest';
import type { AdmissionWebhook } from '../../lib/kube/types.ts';
import type { AdmissionConfigurationOptions } from './webhook-configuration.ts';
import { admissionConfiguration } from './webhook-configuration.ts';

const options: AdmissionConfigurationOptions = {
  namespace: 'meltemi-system',
  endpoint: { service: 'meltemi-operator-webhook' },
  authorities: 'PEM',
  operator: 'system:serviceaccount:meltemi-system:meltemi-operator',
  owner: undefined,
};

function webhook(name: string, of = options): AdmissionWebhook {
  const { object } = admissionConfiguration(of);
  const found = (object['webhooks'] as readonly AdmissionWebhook[]).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no webhook ${name}`);
  return found;
}

describe('admissionConfiguration', () => {
  it('fails for what grants something, and lets deletions pass, when nobody answers', () => {
    const admission = webhook('admission.meltemi.dev');
    expect(admission.failurePolicy).toBe('Fail');
    expect(admission.rules?.flatMap(({ operations }) => operations)).toEqual(['CREATE', 'UPDATE']);
    const deletion = webhook('deletion.meltemi.dev');
    expect(deletion.failurePolicy).toBe('Ignore');
    expect(deletion.rules).toMatchObject([{ operations: ['DELETE'], resources: ['meshcontrolplanes'] }]);
  });

  it('never hears of status, nor of what the operator itself writes', () => {
    const { rules, matchConditions } = webhook('admission.meltemi.dev');
    const resources = ['meshcontrolplanes', 'meshrevisions', 'meshrevisiontags'];
    expect(rules?.flatMap((rule) => rule.resources)).toEqual(resources);
    expect(matchConditions?.map(({ name }) => name)).toEqual(['spec-changes', 'not-by-the-operator']);
    expect(matchConditions?.[1]?.expression).toBe(
      'request.userInfo.username != "system:serviceaccount:meltemi-system:meltemi-operator"',
    );
    const unknown = webhook('admission.meltemi.dev', { ...options, operator: undefined });
    expect(unknown.matchConditions?.map(({ name }) => name)).toEqual(['spec-changes']);
  });

  it('leads to the Service of its own namespace, by the authorities of its certificate', () => {
    const caBundle = Buffer.from('PEM').toString('base64');
    expect(webhook('admission.meltemi.dev').clientConfig).toEqual({
      service: { namespace: 'meltemi-system', name: 'meltemi-operator-webhook', path: '/admission', port: 443 },
      caBundle,
    });
    const byUrl = webhook('admission.meltemi.dev', { ...options, endpoint: { url: 'https://localhost:1' } });
    expect(byUrl.clientConfig).toEqual({ url: 'https://localhost:1/admission', caBundle });
  });

  it('has a name of its own for each namespace of an operator', () => {
    const names = ['a', 'b'].map((namespace) => admissionConfiguration({ ...options, namespace }).object.metadata.name);
    expect(new Set(names).size).toBe(2);
  });
});
