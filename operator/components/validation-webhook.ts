import { validationPath } from '../../config/istiod-names.ts';
import { kinds } from '../../crds/kinds.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { validatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import type { AdmissionWebhook } from '../../lib/kube/types.ts';
import { istiodName, validationWebhookName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { clusterWide } from './metadata.ts';
import type { Revision } from './revision.ts';

/**
 * Has istiod check every object of the mesh's kinds. It exists only once the root certificate is known, so that it may
 * refuse what it cannot check (`failurePolicy: Fail`) without ever refusing for want of a certificate.
 */
export function validationWebhook(revision: Revision, rootCertificate: string): DesiredObject {
  const webhook: AdmissionWebhook = {
    name: 'validation.istio.io',
    clientConfig: {
      service: {
        namespace: revision.namespace,
        name: istiodName(revision.name),
        path: validationPath,
        port: 443,
      },
      caBundle: Buffer.from(rootCertificate).toString('base64'),
    },
    rules: validatedRules(),
    failurePolicy: 'Fail',
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    admissionReviewVersions: ['v1'],
    timeoutSeconds: 10,
  };
  const name = validationWebhookName(revision.prefix, revision.namespace);
  return desired(validatingWebhookConfigurations, clusterWide(revision, name), { webhooks: [webhook] });
}

function validatedRules(): NonNullable<AdmissionWebhook['rules']> {
  return kinds
    .filter(({ group }) => group !== meshControlPlane.group)
    .map(({ group, versions, plural }) => ({
      operations: ['CREATE', 'UPDATE'],
      apiGroups: [group],
      apiVersions: versions.map(({ name }) => name),
      resources: [plural],
      scope: '*',
    }));
}
