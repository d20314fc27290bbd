import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { meshRevision } from '../../crds/mesh-revision.ts';
import { meshRevisionTag } from '../../crds/mesh-revision-tag.ts';
import type { OwnerReference } from '../../lib/kube/object.ts';
import { validatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import type { AdmissionWebhook } from '../../lib/kube/types.ts';
import type { DesiredObject } from '../components/desired.ts';
import { desired } from '../components/desired.ts';
import { labelKeys, managedBy } from '../names.ts';

/** Path of the webhook on the operator's server. */
export const admissionPath = '/admission';

/** Where the API server finds it: a Service of the operator's namespace (port 443), or a URL outside of a cluster. */
export type AdmissionEndpoint = { readonly service: string } | { readonly url: string };

export interface AdmissionConfigurationOptions {
  /** The operator's. */
  readonly namespace: string;
  readonly endpoint: AdmissionEndpoint;
  /** PEM of the authorities of the serving certificate. */
  readonly authorities: string;
  /** The operator's own user name. */
  readonly operator: string | undefined;
  /** What the configuration goes with. */
  readonly owner: OwnerReference | undefined;
}

/** Each installation has its own, so that two of them never write over each other's. */
export function admissionConfigurationName(namespace: string): string {
  return `meltemi-admission-${namespace}`;
}

/**
 * The operator's own webhooks. What grants something has to be judged, so it fails when nobody answers; the operator's
 * own writes, and updates that leave the spec as it is (finalizers above all), never come so far. Deletions pass when
 * nobody answers: the finalizer holds what admission has not seen.
 */
export function admissionConfiguration(options: AdmissionConfigurationOptions): DesiredObject {
  const { group, plural } = meshControlPlane;
  const common = {
    clientConfig: clientConfig(options),
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
  } as const;
  const rule = { apiGroups: [group], apiVersions: ['*'], scope: '*' };
  const webhooks: readonly AdmissionWebhook[] = [
    {
      ...common,
      name: 'admission.meltemi.dev',
      rules: [
        { ...rule, operations: ['CREATE', 'UPDATE'], resources: [plural, meshRevision.plural, meshRevisionTag.plural] },
      ],
      matchConditions: matchConditions(options),
      failurePolicy: 'Fail',
      // With time for the reviews of access that it asks for itself.
      timeoutSeconds: 10,
    },
    {
      ...common,
      name: 'deletion.meltemi.dev',
      rules: [{ ...rule, operations: ['DELETE'], resources: [plural] }],
      failurePolicy: 'Ignore',
      timeoutSeconds: 5,
    },
  ];
  const metadata = {
    name: admissionConfigurationName(options.namespace),
    labels: { [labelKeys.managedBy]: managedBy, [labelKeys.partOf]: 'meltemi', [labelKeys.component]: 'operator' },
    ...(options.owner === undefined ? {} : { ownerReferences: [options.owner] }),
  };
  return desired(validatingWebhookConfigurations, metadata, { webhooks });
}

function clientConfig({ namespace, endpoint, authorities }: AdmissionConfigurationOptions) {
  const caBundle = Buffer.from(authorities).toString('base64');
  if ('url' in endpoint) return { url: `${endpoint.url}${admissionPath}`, caBundle };
  return { service: { namespace, name: endpoint.service, path: admissionPath, port: 443 }, caBundle };
}

function matchConditions({
  operator,
}: AdmissionConfigurationOptions): NonNullable<AdmissionWebhook['matchConditions']> {
  const isSpecChanged =
    'request.operation == "CREATE" || !has(object.spec) || !has(oldObject.spec) || object.spec != oldObject.spec';
  const changes = { name: 'spec-changes', expression: isSpecChanged };
  if (operator === undefined) return [changes];
  const expression = `request.userInfo.username != ${JSON.stringify(operator)}`;
  return [changes, { name: 'not-by-the-operator', expression }];
}
