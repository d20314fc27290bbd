import type { AdmissionWebhook } from '../lib/kube/types.ts';
import { injectionSelections } from './selections.ts';

/** Path of istiod's injection endpoint, as Istio's. */
export const injectionPath = '/inject';

export interface InjectionWebhookOptions {
  readonly revision: string;
  readonly enableNamespacesByDefault: boolean;
  /** The Service of the revision's istiod. */
  readonly service: { readonly namespace: string; readonly name: string };
  /** Roots that istiod's certificate is checked against, PEM. */
  readonly rootCertificates: string;
}

/** The `webhooks` of a revision's MutatingWebhookConfiguration. */
export function injectionWebhooks(options: InjectionWebhookOptions): readonly AdmissionWebhook[] {
  return injectionSelections(options).map(({ name, namespaceSelector, objectSelector }) => ({
    name: `${name}.sidecar-injector.istio.io`,
    clientConfig: {
      service: { ...options.service, path: injectionPath, port: 443 },
      caBundle: Buffer.from(options.rootCertificates).toString('base64'),
    },
    rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
    // A pod without its sidecar would speak plaintext into a mesh that trusts it not to.
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    // Containers that other webhooks add later need their probes rewritten, too.
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    namespaceSelector,
    objectSelector,
    timeoutSeconds: 10,
  }));
}
