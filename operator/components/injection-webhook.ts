import { injectionWebhooks } from '../../inject/webhook-configuration.ts';
import type { InjectionService } from '../../inject/webhook-configuration.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { bothSelect } from '../mesh-namespaces.ts';
import { injectionWebhookName, istiodName, ownedLabels } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import type { Revision } from './revision.ts';

/** A name that pods and namespaces ask for sidecars by (`istio.io/rev`), and the istiod that it leads to. */
export interface InjectionName {
  readonly name: string;
  readonly serving: Revision;
  /** Gets the pods that are given to it, while workloads are moved. */
  readonly beside?: Revision;
  /** Whether namespaces without any label of injection are meant, too. */
  readonly unlabelledNamespaces: boolean;
}

/** The name that a revision has by itself. */
export function ownName(revision: Revision): InjectionName {
  const { enableNamespacesByDefault } = revision.spec.injection;
  return { name: revision.name, serving: revision, unlabelledNamespaces: enableNamespacesByDefault };
}

/** Has istiod put the sidecar into the pods that ask for it by a name. */
export function sidecarInjector(
  { name, serving, beside, unlabelledNamespaces }: InjectionName,
  rootCertificates: string,
): DesiredObject {
  const { meshNamespaces } = serving;
  const webhooks = injectionWebhooks({
    name,
    enableNamespacesByDefault: unlabelledNamespaces,
    service: serviceOf(serving),
    ...(beside === undefined ? {} : { beside: { revision: beside.name, service: serviceOf(beside) } }),
    rootCertificates,
  }).map((webhook) =>
    meshNamespaces === undefined
      ? webhook
      : { ...webhook, namespaceSelector: bothSelect(webhook.namespaceSelector, meshNamespaces) },
  );
  const metadata = { name: injectionWebhookName(name), labels: ownedLabels(serving.controlPlane, name) };
  return desired(mutatingWebhookConfigurations, metadata, { webhooks });
}

function serviceOf({ namespace, name }: Revision): InjectionService {
  return { namespace, name: istiodName(name) };
}
