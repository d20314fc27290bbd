import { autoscaler, disruptionBudget } from './availability.ts';
import { configuration } from './configuration.ts';
import { deployment } from './deployment.ts';
import type { DesiredObject } from './desired.ts';
import type { InjectionName } from './injection-webhook.ts';
import { ownName, sidecarInjector } from './injection-webhook.ts';
import { permissions } from './permissions.ts';
import type { Revision } from './revision.ts';
import { service } from './service.ts';
import { validationWebhook } from './validation-webhook.ts';

/**
 * Everything that a control plane with one istiod consists of, in the order in which it is to be made: what pods need
 * before the pods, and the webhooks last. `names` are those that lead to its istiods.
 */
export function desiredObjects(
  revision: Revision,
  names: readonly InjectionName[] = [ownName(revision)],
): readonly DesiredObject[] {
  return [...istiodObjects(revision), ...webhooks(revision, names)];
}

/** An istiod, and what its pods need before it. */
export function istiodObjects(revision: Revision): readonly DesiredObject[] {
  return [
    ...permissions(revision),
    configuration(revision),
    service(revision),
    ...disruptionBudget(revision),
    deployment(revision),
    ...autoscaler(revision),
  ];
}

/** None until there is a root certificate that the API server can check istiod by. The active istiod validates. */
function webhooks(active: Revision, names: readonly InjectionName[]): readonly DesiredObject[] {
  const { rootCertificate } = active;
  if (rootCertificate === undefined) return [];
  return [...names.map((name) => sidecarInjector(name, rootCertificate)), validationWebhook(active, rootCertificate)];
}
