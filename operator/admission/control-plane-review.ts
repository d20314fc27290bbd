import { isDeepStrictEqual } from 'node:util';
import type { AdmissionRequest, AdmissionResponse } from '../../config/admission-review.ts';
import { isJsonObject } from '../../config/admission-review.ts';
import { conforms } from '../../crds/conformance.ts';
import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { ObjectMeta } from '../../lib/kube/object.ts';
import type { DesiredObject } from '../components/desired.ts';
import { describeAccesses } from './access.ts';
import type { AccessReviewer } from './access-review.ts';
import type { NeededAccess, Wanted } from './needed-access.ts';
import { neededToCreate, neededToUpdate } from './needed-access.ts';
import { allowed, describeRequest, forbidden, unfit } from './refusal.ts';
import type { User } from './user.ts';

/** A field whose value cannot be acted upon as things are, and why. */
export interface Misfit {
  readonly field: string;
  readonly message: string;
}

export interface ControlPlaneReviewContext {
  readonly access: AccessReviewer;
  /** What a MeshControlPlane consists of. */
  readonly desiredOf: (controlPlane: MeshControlPlane) => readonly DesiredObject[];
  readonly namespaceExists: (name: string) => boolean;
  /** What contradicts others of its kind, or what this operator can do; `before` is missing for a new one. */
  readonly misfitOf: (controlPlane: MeshControlPlane, before: MeshControlPlane | undefined) => Misfit | undefined;
}

/** Permissions that a message names. */
const mostNamed = 12;

/**
 * Whether a user may make or change a MeshControlPlane whose spec is right by itself: it has to be possible, and
 * everything that the operator would do about it has to be something that the user may do as well.
 */
export async function reviewControlPlane(
  context: ControlPlaneReviewContext,
  request: AdmissionRequest,
  user: User,
): Promise<AdmissionResponse> {
  const after = parseControlPlane(request.object);
  if (after === undefined) return unfit(request, 'spec', 'is none of a MeshControlPlane');
  const before = parseControlPlane(request.oldObject);
  const misfit = context.misfitOf(after, before);
  if (misfit !== undefined) return unfit(request, misfit.field, misfit.message);
  const missing = await context.access.missing(user, neededAccess(context, before, after));
  if (missing.length === 0) return allowed(request);
  return forbidden(
    request,
    `${describeRequest(request)}: user "${user.username}" may do through it only what they may do themselves, and is ` +
      `not allowed to: ${describeAccesses(missing, mostNamed)}`,
  );
}

function neededAccess(
  { desiredOf, namespaceExists }: ControlPlaneReviewContext,
  before: MeshControlPlane | undefined,
  after: MeshControlPlane,
): NeededAccess {
  const wanted = (controlPlane: MeshControlPlane): Wanted => ({
    spec: controlPlane.spec,
    desired: desiredOf(controlPlane),
  });
  return before === undefined
    ? neededToCreate(wanted(after), namespaceExists(after.spec.namespace))
    : neededToUpdate(wanted(before), wanted(after));
}

/** Status, labels, annotations and finalizers give nobody anything. */
export function specIsUnchanged({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE' || !isJsonObject(object) || !isJsonObject(oldObject)) return false;
  return isDeepStrictEqual(object.spec, oldObject.spec);
}

/** Undefined for what is none, or was stored before its schema was as it is. */
export function parseControlPlane(object: unknown): MeshControlPlane | undefined {
  if (!isJsonObject(object) || !isObjectMeta(object.metadata)) return undefined;
  const { metadata, spec } = object;
  if (!conforms(meshControlPlane.spec, spec)) return undefined;
  const [version] = meshControlPlane.versions;
  const apiVersion = `${meshControlPlane.group}/${version?.name ?? ''}`;
  return { apiVersion, kind: meshControlPlane.kind, metadata, spec };
}

/** As the API server vouches for it: an object that reaches admission has well-formed metadata. */
function isObjectMeta(value: unknown): value is ObjectMeta {
  return isJsonObject(value) && typeof value.name === 'string';
}
