import { isDeepStrictEqual } from 'node:util';
import { describeError } from '../lib/errors.ts';
import type {
  AdmissionRequest,
  AdmissionResponse,
  AdmissionReviewResponse,
  AdmissionStatus,
} from './admission-review.ts';
import { isJsonObject, parseAdmissionRequest, reviewOf } from './admission-review.ts';
import type { Problem } from './validation/problem.ts';
import type { UncheckedObject } from './validation/validate.ts';
import { isValidated, validate } from './validation/validate.ts';

/** Problems that a message names; a message is to be read, and the API server cuts long ones. */
const mostNamed = 10;
/** The API server cuts warnings that are longer (Kubernetes, "Dynamic Admission Control", response). */
const mostWarnings = 20;
const longestWarning = 256;

/**
 * Answers a review of the validating webhook (`admission.k8s.io/v1`). Denies objects that cannot work with a message
 * that names each field; never throws, whatever the review holds: what is no review at all is denied too.
 *
 * Not in the way of anything that makes no object worse: deletions, status, the removal of finalizers, and changes of
 * labels of an object that was let in earlier; there, errors become warnings.
 */
export function reviewValidation(review: unknown): AdmissionReviewResponse {
  const request = parseAdmissionRequest(review);
  if (typeof request === 'string') return reviewOf(denied('', { code: 400, reason: 'BadRequest', message: request }));
  try {
    return reviewOf(respond(request));
  } catch (thrown) {
    const message = `${describe(request)} could not be checked: ${describeError(thrown)}`;
    return reviewOf(denied(request.uid, { code: 500, reason: 'InternalError', message }));
  }
}

function respond(request: AdmissionRequest): AdmissionResponse {
  const { uid, kind, operation, subResource } = request;
  const isWrite = operation === 'CREATE' || operation === 'UPDATE';
  if (!isWrite || subResource !== '' || !isValidated(kind.group, kind.kind)) return { uid, allowed: true };
  const object = uncheckedObject(request);
  if (object === undefined) {
    return denied(uid, { code: 400, reason: 'BadRequest', message: `${describe(request)} is no object with metadata` });
  }
  if (object.metadata.deletionTimestamp !== undefined) return { uid, allowed: true };
  const problems = validate(object);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length === 0 || specIsUnchanged(request)) return withWarnings({ uid, allowed: true }, problems);
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  return withWarnings(denied(uid, invalid(request, errors)), warnings);
}

function specIsUnchanged({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE' || !isJsonObject(object) || !isJsonObject(oldObject)) return false;
  return isDeepStrictEqual(object.spec, oldObject.spec);
}

/** Kind and name are the request's, which the API server vouches for; an object's own name may still be generated. */
function uncheckedObject({ kind, name, namespace, object }: AdmissionRequest): UncheckedObject | undefined {
  if (!isJsonObject(object) || !isJsonObject(object.metadata)) return undefined;
  const { deletionTimestamp } = object.metadata;
  return {
    apiVersion: `${kind.group}/${kind.version}`,
    kind: kind.kind,
    metadata: {
      name,
      ...(namespace === '' ? {} : { namespace }),
      ...(typeof deletionTimestamp === 'string' ? { deletionTimestamp } : {}),
    },
    spec: object.spec,
  };
}

function denied(uid: string, status: AdmissionStatus): AdmissionResponse {
  return { uid, allowed: false, status };
}

/** `VirtualService "reviews" in namespace "default" is invalid: spec.http[0].timeout: must be …; spec.hosts[1]: …`. */
function invalid(request: AdmissionRequest, errors: readonly Problem[]): AdmissionStatus {
  const named = errors.slice(0, mostNamed).map(({ path, message }) => `${path}: ${message}`);
  const rest = errors.length > mostNamed ? [`and ${errors.length - mostNamed} more`] : [];
  return {
    code: 422,
    reason: 'Invalid',
    message: `${describe(request)} is invalid: ${[...named, ...rest].join('; ')}`,
    details: {
      group: request.kind.group,
      kind: request.kind.kind,
      name: request.name,
      causes: errors
        .slice(0, mostNamed)
        .map(({ path, message }) => ({ reason: 'FieldValueInvalid', field: path, message })),
    },
  };
}

function describe({ kind, name, namespace }: AdmissionRequest): string {
  const where = namespace === '' ? '' : ` in namespace "${namespace}"`;
  return `${kind.kind} "${name}"${where}`;
}

function withWarnings(response: AdmissionResponse, problems: readonly Problem[]): AdmissionResponse {
  if (problems.length === 0) return response;
  const warnings = problems.slice(0, mostWarnings).map(({ path, message }) => shortened(`${path}: ${message}`));
  return { ...response, warnings };
}

/** Warnings travel in an HTTP header, so that they hold no line ends. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length <= longestWarning ? line : `${line.slice(0, longestWarning - 1)}…`;
}
