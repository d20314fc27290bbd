/** metav1.Status, the body of the API server's error answers. */
export interface Status {
  readonly kind: 'Status';
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly group?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** What the API server answered when it did not do what it was asked to. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** HTTP status. */
  readonly status: number;
  /** metav1.StatusReason, e.g. `NotFound`, `AlreadyExists`, `Invalid`; `Unknown` when the server gave none. */
  readonly reason: string;
  /** The server's own words, without what was asked. */
  readonly rawMessage: string;
  /** What was asked, e.g. `get services default/web`. */
  readonly operation: string;
  readonly details: Status['details'];
  /** True when the answer was a metav1.Status, so the API server itself spoke and knew the resource. */
  readonly hasStatus: boolean;
  /** From the `Retry-After` header or the Status. */
  readonly retryAfterSeconds: number | undefined;

  constructor(operation: string, httpStatus: number, body: string, retryAfterHeader?: string) {
    const status = parseStatus(body);
    const rawMessage = status?.message ?? body.trim().slice(0, 500);
    super(`${operation}: ${rawMessage === '' ? `HTTP ${String(httpStatus)}` : rawMessage}`);
    this.operation = operation;
    this.status = status?.code ?? httpStatus;
    this.reason = status?.reason ?? 'Unknown';
    this.rawMessage = rawMessage;
    this.details = status?.details;
    this.hasStatus = status !== undefined;
    this.retryAfterSeconds = status?.details?.retryAfterSeconds ?? parseSeconds(retryAfterHeader);
  }
}

/** The API server could not be reached, or the connection broke before it had answered. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

function parseStatus(body: string): Status | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}

/** The header may be a date too (RFC 9110, 10.2.3), which the API server never sends. */
function parseSeconds(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) : undefined;
}

export function isNotFound(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 404;
}

/** The kind itself is unknown to the server: its CRD is not installed, or not in this version. */
export function isNotServed(error: unknown): error is KubeError {
  return isNotFound(error) && !error.hasStatus;
}

/** Longer than this a server is not believed to mean. */
const MAX_RETRY_AFTER_MS = 120_000;

/** Milliseconds that the server asked to be left alone for, here or in a cause; 0 when it did not. */
export function retryAfterMs(error: unknown): number {
  let current = error;
  // A chain of causes may be a ring.
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    if (current instanceof KubeError) return Math.min(MAX_RETRY_AFTER_MS, (current.retryAfterSeconds ?? 0) * 1000);
    current = current.cause;
  }
  return 0;
}

/** Another writer was first (409), or an applied field belongs to another manager. */
export function isConflict(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 409 && error.reason !== 'AlreadyExists';
}

export function isAlreadyExists(error: unknown): error is KubeError {
  return error instanceof KubeError && error.reason === 'AlreadyExists';
}

/** The asked resource version or page is too old for the server to know (410). */
export function isGone(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 410;
}

export function isForbidden(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 403;
}

/** The object was refused by schema or validation (422). */
export function isInvalid(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 422;
}
