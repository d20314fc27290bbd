import type { AdmissionRequest, AdmissionResponse, AdmissionReviewResponse } from '../../config/admission-review.ts';
import { parseAdmissionRequest, reviewOf } from '../../config/admission-review.ts';
import { reviewValidation } from '../../config/webhook.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { meshRevision } from '../../crds/mesh-revision.ts';
import { meshRevisionTag } from '../../crds/mesh-revision-tag.ts';
import { describeError } from '../../lib/errors.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { ProxyUsers } from '../reconcile/proxy-users.ts';
import type { ControlPlaneReviewContext } from './control-plane-review.ts';
import { parseControlPlane, reviewControlPlane, specIsUnchanged } from './control-plane-review.ts';
import { reviewDeletion } from './deletion-review.ts';
import { allowed, describeRequest, forbidden, unjudged } from './refusal.ts';
import { reviewTag } from './tag-review.ts';
import { parseUser } from './user.ts';
import type { User } from './user.ts';

export interface ReviewContext extends ControlPlaneReviewContext {
  /** The operator's own user name, whose writes are what this is about; undefined when it cannot be known. */
  readonly operator: string | undefined;
  readonly usersOf: (controlPlane: MeshControlPlane) => Promise<ProxyUsers>;
}

/** Kinds whose spec nobody but the operator writes. */
const recordKinds: readonly string[] = [meshRevision.kind];

/**
 * Answers a review of the operator's own webhook (`admission.k8s.io/v1`). Never rejects: what cannot be judged is
 * denied with a message, except a deletion, which the finalizer holds as well.
 */
export async function reviewAdmission(context: ReviewContext, review: unknown): Promise<AdmissionReviewResponse> {
  const request = parseAdmissionRequest(review);
  // What is no review is answered there.
  if (typeof request === 'string') return reviewValidation(review);
  try {
    return reviewOf(await respond(context, request, review));
  } catch (error) {
    return reviewOf(request.operation === 'DELETE' ? allowed(request) : unjudged(request, describeError(error)));
  }
}

async function respond(context: ReviewContext, request: AdmissionRequest, review: unknown): Promise<AdmissionResponse> {
  const { group, kind } = request.kind;
  if (group !== meshControlPlane.group || request.subResource !== '') return allowed(request);
  const user = parseUser(request.userInfo);
  if (user === undefined) return unjudged(request, 'the request names no user');
  const isOwn = user.username === context.operator;
  if (kind === meshControlPlane.kind) return respondToControlPlane(context, request, review, isOwn ? undefined : user);
  if (isOwn) return allowed(request);
  if (recordKinds.includes(kind)) return respondToRecord(request);
  if (kind === meshRevisionTag.kind) return reviewTag(context.access, request, user);
  return allowed(request);
}

async function respondToControlPlane(
  context: ReviewContext,
  request: AdmissionRequest,
  review: unknown,
  user: User | undefined,
): Promise<AdmissionResponse> {
  if (request.operation === 'DELETE') {
    return reviewDeletion(request, parseControlPlane(request.oldObject), context.usersOf);
  }
  const { response } = reviewValidation(review);
  if (!response.allowed || user === undefined || specIsUnchanged(request)) return response;
  const { warnings } = response;
  return { ...(await reviewControlPlane(context, request, user)), ...(warnings === undefined ? {} : { warnings }) };
}

function respondToRecord(request: AdmissionRequest): AdmissionResponse {
  const isWrite = request.operation === 'CREATE' || request.operation === 'UPDATE';
  if (!isWrite || specIsUnchanged(request)) return allowed(request);
  return forbidden(
    request,
    `${describeRequest(request)} is a record that only the operator writes; change the MeshControlPlane instead`,
  );
}
