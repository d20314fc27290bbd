import type { AdmissionRequest, AdmissionResponse } from '../../config/admission-review.ts';
import { isJsonObject } from '../../config/admission-review.ts';

/** `MeshControlPlane "default"`. */
export function describeRequest({ kind, name, object, oldObject }: AdmissionRequest): string {
  return `${kind.kind} "${name === '' ? (nameIn(object) ?? nameIn(oldObject) ?? '') : name}"`;
}

/** 403: it may be right, but not by this user or not now. */
export function forbidden({ uid }: AdmissionRequest, message: string): AdmissionResponse {
  return { uid, allowed: false, status: { code: 403, reason: 'Forbidden', message } };
}

/** 422: a field is wrong, whoever asks. */
export function unfit(request: AdmissionRequest, field: string, why: string): AdmissionResponse {
  const { group, kind } = request.kind;
  const message = `${describeRequest(request)} is invalid: ${field}: ${why}`;
  const causes = [{ reason: 'FieldValueInvalid', field, message: why }];
  const details = { group, kind, name: request.name, causes };
  return { uid: request.uid, allowed: false, status: { code: 422, reason: 'Invalid', message, details } };
}

/** 500: it could not be judged, so it is not let in. */
export function unjudged(request: AdmissionRequest, why: string): AdmissionResponse {
  const message = `${describeRequest(request)} could not be checked: ${why}; try again`;
  return { uid: request.uid, allowed: false, status: { code: 500, reason: 'InternalError', message } };
}

export function allowed({ uid }: AdmissionRequest): AdmissionResponse {
  return { uid, allowed: true };
}

function nameIn(object: unknown): string | undefined {
  const metadata = isJsonObject(object) ? object.metadata : undefined;
  const name = isJsonObject(metadata) ? metadata.name : undefined;
  return typeof name === 'string' && name !== '' ? name : undefined;
}
