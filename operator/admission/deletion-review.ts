import type { AdmissionRequest, AdmissionResponse } from '../../config/admission-review.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { describeUsers, forceDeleteAnnotation, isDeletionForced } from '../reconcile/proxy-users.ts';
import type { ProxyUsers } from '../reconcile/proxy-users.ts';
import { allowed, describeRequest, forbidden } from './refusal.ts';

/** Refuses to delete a MeshControlPlane that proxies still use, unless it is told to go on. */
export async function reviewDeletion(
  request: AdmissionRequest,
  controlPlane: MeshControlPlane | undefined,
  usersOf: (controlPlane: MeshControlPlane) => Promise<ProxyUsers>,
): Promise<AdmissionResponse> {
  // One that is being deleted already is held by its finalizer.
  if (controlPlane === undefined || controlPlane.metadata.deletionTimestamp !== undefined) return allowed(request);
  if (isDeletionForced(controlPlane)) return allowed(request);
  const users = await usersOf(controlPlane);
  if (users.count === 0) return allowed(request);
  const { name } = controlPlane.metadata;
  return forbidden(
    request,
    `${describeRequest(request)} is used by ${describeUsers(users)}. Without it they get no configuration and no ` +
      'certificates any more. Take their sidecars away first (remove istio-injection and istio.io/rev from the ' +
      'namespaces and restart the workloads), or go on all the same: ' +
      `kubectl annotate meshcontrolplane ${name} ${forceDeleteAnnotation}=true`,
  );
}
