import { injectionWebhooks } from '../../inject/webhook-configuration.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { injectionWebhookName, istiodName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { clusterWide } from './metadata.ts';
import type { Revision } from './revision.ts';

/** Has istiod put the sidecar into the pods that ask for it. */
export function sidecarInjector(revision: Revision, rootCertificate: string): DesiredObject {
  const webhooks = injectionWebhooks({
    revision: revision.name,
    enableNamespacesByDefault: revision.spec.injection.enableNamespacesByDefault,
    service: { namespace: revision.namespace, name: istiodName(revision.name) },
    rootCertificates: rootCertificate,
  });
  return desired(mutatingWebhookConfigurations, clusterWide(revision, injectionWebhookName(revision.name)), {
    webhooks,
  });
}
