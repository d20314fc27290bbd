import { injectionWebhooks } from '../../inject/webhook-configuration.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { bothSelect } from '../mesh-namespaces.ts';
import { injectionWebhookName, istiodName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { clusterWide } from './metadata.ts';
import type { Revision } from './revision.ts';

/** Has istiod put the sidecar into the pods that ask for it. */
export function sidecarInjector(revision: Revision, rootCertificates: string): DesiredObject {
  const { namespace, spec, meshNamespaces } = revision;
  const webhooks = injectionWebhooks({
    revision: revision.name,
    enableNamespacesByDefault: spec.injection.enableNamespacesByDefault,
    service: { namespace, name: istiodName(revision.name) },
    rootCertificates,
  }).map((webhook) =>
    meshNamespaces === undefined
      ? webhook
      : { ...webhook, namespaceSelector: bothSelect(webhook.namespaceSelector, meshNamespaces) },
  );
  const metadata = clusterWide(revision, injectionWebhookName(revision.name));
  return desired(mutatingWebhookConfigurations, metadata, { webhooks });
}
