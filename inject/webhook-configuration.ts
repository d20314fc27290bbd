import type { AdmissionWebhook } from '../lib/kube/types.ts';
import { annotations } from './names.ts';
import { injectionSelections } from './selections.ts';

/**
 * Path of istiod's injection endpoint, as Istio's. Which name has selected a pod makes no difference to istiod: it
 * injects its own sidecar into every pod that it is asked about.
 */
export const injectionPath = '/inject';

/** The istiod that is asked. */
export interface InjectionService {
  readonly namespace: string;
  readonly name: string;
}

export interface InjectionWebhookOptions {
  /** The name that selects: a control plane's, a tag's or a revision's. */
  readonly name: string;
  readonly enableNamespacesByDefault: boolean;
  /** The Service of the istiod that injects. */
  readonly service: InjectionService;
  /** An istiod beside it that gets the pods which are given to its revision by their annotation. */
  readonly beside?: { readonly revision: string; readonly service: InjectionService };
  /** Roots that the certificates of both are checked against, PEM. */
  readonly rootCertificates: string;
}

/** The `webhooks` of the MutatingWebhookConfiguration that belongs to a name. */
export function injectionWebhooks(options: InjectionWebhookOptions): readonly AdmissionWebhook[] {
  const { name, enableNamespacesByDefault, service, beside, rootCertificates } = options;
  const selections = injectionSelections({ revision: name, enableNamespacesByDefault });
  const caBundle = Buffer.from(rootCertificates).toString('base64');
  const webhooks = (prefix: string, of: InjectionService, condition: Condition | undefined) =>
    selections.map((selection): AdmissionWebhook => ({
      name: `${prefix}${selection.name}.sidecar-injector.istio.io`,
      clientConfig: { service: { ...of, path: injectionPath, port: 443 }, caBundle },
      ...injectionOfPods,
      namespaceSelector: selection.namespaceSelector,
      objectSelector: selection.objectSelector,
      ...(condition === undefined ? {} : { matchConditions: [condition] }),
    }));
  if (beside === undefined) return webhooks('', service, undefined);
  return [
    ...webhooks('', service, { name: 'not-given-to-other-revision', expression: `!(${isGivenTo(beside.revision)})` }),
    ...webhooks('given.', beside.service, { name: 'given-to-revision', expression: isGivenTo(beside.revision) }),
  ];
}

type Condition = NonNullable<AdmissionWebhook['matchConditions']>[number];

/** CEL (Kubernetes, "Matching requests: matchConditions"). */
function isGivenTo(revision: string): string {
  const key = `'${annotations.givenRevision}'`;
  return (
    `has(object.metadata.annotations) && ${key} in object.metadata.annotations && ` +
    `object.metadata.annotations[${key}] == '${revision}'`
  );
}

const injectionOfPods = {
  rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], scope: 'Namespaced' }],
  // A pod without its sidecar would speak plaintext into a mesh that trusts it not to.
  failurePolicy: 'Fail',
  matchPolicy: 'Equivalent',
  // Containers that other webhooks add later need their probes rewritten, too.
  reinvocationPolicy: 'IfNeeded',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  timeoutSeconds: 10,
} as const satisfies Partial<AdmissionWebhook>;
