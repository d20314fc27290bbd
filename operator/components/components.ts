import { autoscaler, disruptionBudget } from './availability.ts';
import { configuration } from './configuration.ts';
import { deployment } from './deployment.ts';
import type { DesiredObject } from './desired.ts';
import { sidecarInjector } from './injection-webhook.ts';
import { permissions } from './permissions.ts';
import type { Revision } from './revision.ts';
import { service } from './service.ts';
import { validationWebhook } from './validation-webhook.ts';

/**
 * Everything that a revision consists of, in the order in which it is to be made: what pods need before the pods, and
 * the webhooks last, once there is a root certificate that the API server can check istiod by.
 */
export function desiredObjects(revision: Revision): readonly DesiredObject[] {
  const { rootCertificate } = revision;
  return [
    ...permissions(revision),
    configuration(revision),
    service(revision),
    ...disruptionBudget(revision),
    deployment(revision),
    ...autoscaler(revision),
    ...(rootCertificate === undefined
      ? []
      : [sidecarInjector(revision, rootCertificate), validationWebhook(revision, rootCertificate)]),
  ];
}
