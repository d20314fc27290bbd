import type { AdmissionRequest, AdmissionResponse } from '../../config/admission-review.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { accessTo, describeAccesses } from './access.ts';
import type { AccessReviewer } from './access-review.ts';
import { specIsUnchanged } from './control-plane-review.ts';
import { allowed, describeRequest, forbidden } from './refusal.ts';
import type { User } from './user.ts';

/** A tag becomes a webhook that puts sidecars into the pods of all namespaces that ask for them by its name. */
export async function reviewTag(
  access: AccessReviewer,
  request: AdmissionRequest,
  user: User,
): Promise<AdmissionResponse> {
  const { operation } = request;
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWrite || specIsUnchanged(request)) return allowed(request);
  const verb = operation === 'CREATE' ? 'create' : 'update';
  const missing = await access.missing(user, {
    accesses: [accessTo(mutatingWebhookConfigurations, verb)],
    grants: [],
  });
  if (missing.length === 0) return allowed(request);
  const words = describeAccesses(missing, missing.length);
  return forbidden(
    request,
    `${describeRequest(request)}: user "${user.username}" may do through it only what they may do themselves, and is ` +
      `not allowed to: ${words}`,
  );
}
