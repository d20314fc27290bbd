/**
 * The parts of `admission.k8s.io/v1` that a validating webhook reads and writes (Kubernetes, "Dynamic Admission
 * Control", webhook request and response).
 */
export interface AdmissionRequest {
  readonly uid: string;
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  readonly operation: string;
  /** `status` and the like; empty for the object itself. */
  readonly subResource: string;
  readonly name: string;
  readonly namespace: string;
  readonly object: unknown;
  readonly oldObject: unknown;
  /** Who asks: `userInfo` of authentication.k8s.io/v1, as it came. */
  readonly userInfo: unknown;
}

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  /** Shown by kubectl, one line each. */
  readonly warnings?: readonly string[];
  readonly status?: AdmissionStatus;
}

/** `meta/v1` Status: why a request is denied. */
export interface AdmissionStatus {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly causes: readonly { readonly reason: string; readonly field: string; readonly message: string }[];
  };
}

export interface AdmissionReviewResponse {
  readonly apiVersion: 'admission.k8s.io/v1';
  readonly kind: 'AdmissionReview';
  readonly response: AdmissionResponse;
}

type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads the request out of a review; a sentence that says what is wrong where there is none. */
export function parseAdmissionRequest(review: unknown): AdmissionRequest | string {
  if (!isJsonObject(review)) return 'the request is no AdmissionReview: it must be a JSON object';
  if (review.apiVersion !== 'admission.k8s.io/v1') return 'the request is no AdmissionReview of admission.k8s.io/v1';
  const { request } = review;
  if (!isJsonObject(request) || typeof request.uid !== 'string') return 'the AdmissionReview has no request with a uid';
  const kind = isJsonObject(request.kind) ? request.kind : {};
  return {
    uid: request.uid,
    kind: { group: textOf(kind.group), version: textOf(kind.version), kind: textOf(kind.kind) },
    operation: textOf(request.operation),
    subResource: textOf(request.subResource),
    name: textOf(request.name),
    namespace: textOf(request.namespace),
    object: request.object,
    oldObject: request.oldObject,
    userInfo: request.userInfo,
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function reviewOf(response: AdmissionResponse): AdmissionReviewResponse {
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response };
}
