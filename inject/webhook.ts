import { parseAdmissionRequest, reviewOf } from '../config/admission-review.ts';
import type { AdmissionRequest, AdmissionResponse, AdmissionReviewResponse } from '../config/admission-review.ts';
import { describeError } from '../lib/errors.ts';
import { decideInjection } from './decision.ts';
import { injectSidecar } from './inject.ts';
import { jsonPatch } from './json-patch.ts';
import { describePod, readPod } from './pod.ts';
import { AnnotationError } from './pod-options.ts';
import type { InjectionSettings } from './settings.ts';

/** What was done, for logs and metrics; `object` names the pod. */
export type InjectionOutcome = {
  readonly kind: 'injected' | 'skipped' | 'failed';
  readonly object: string;
  readonly reason: string;
};

export interface InjectionReview {
  /** What the API server gets. */
  readonly answer: AdmissionReviewResponse;
  readonly outcome: InjectionOutcome;
}

export interface InjectionContext {
  readonly settings: InjectionSettings;
  /**
   * Labels of a namespace, for reviews that no API server has selected. istiod leaves them out: a cache that is behind the
   * API server's would leave the first pods of a new namespace without their sidecars.
   */
  readonly namespaceLabels?: (namespace: string) => Readonly<Record<string, string>> | undefined;
}

/**
 * Answers a review of the mutating webhook (`admission.k8s.io/v1`). Never throws. A pod that should get a sidecar and
 * cannot is denied with the reason: without it, it would run outside of the mesh and nobody would know.
 */
export function reviewInjection(review: unknown, context: InjectionContext): InjectionReview {
  const request = parseAdmissionRequest(review);
  if (typeof request === 'string') return failed('', 400, 'an AdmissionReview', request);
  try {
    return reviewPod(request, context);
  } catch (error) {
    const object = `pod ${request.namespace}/${request.name}`;
    return failed(request.uid, 500, object, `${object} cannot be injected: ${describeError(error)}`);
  }
}

function reviewPod(request: AdmissionRequest, context: InjectionContext): InjectionReview {
  const { uid, kind, namespace } = request;
  if (kind.kind !== 'Pod' || kind.group !== '' || request.operation !== 'CREATE' || request.subResource !== '') {
    const object = `${kind.kind} ${namespace}/${request.name}`;
    return skipped(uid, object, 'only pods that are made are injected');
  }
  const pod = readPod(request.object);
  if (typeof pod === 'string') {
    return failed(uid, 400, `pod ${namespace}/${request.name}`, `the pod cannot be injected: ${pod}`);
  }
  const object = `pod ${describePod(pod, namespace)}`;
  const namespaceLabels = context.namespaceLabels?.(namespace);
  const decision = decideInjection({ pod, namespace, namespaceLabels, policy: context.settings });
  if (!decision.inject) return skipped(uid, object, decision.reason);
  try {
    const injected = injectSidecar(pod, namespace, context.settings);
    const patch = jsonPatch(request.object, injected.pod);
    return {
      answer: reviewOf(patched(uid, patch, injected.warnings)),
      outcome: { kind: 'injected', object, reason: decision.reason },
    };
  } catch (error) {
    if (!(error instanceof AnnotationError)) throw error;
    return failed(uid, 400, object, `${object} cannot be injected: ${error.message}`);
  }
}

interface PatchResponse extends AdmissionResponse {
  readonly patchType?: 'JSONPatch';
  /** JSON, base64. */
  readonly patch?: string;
}

/** Warnings travel in HTTP headers; the API server cuts longer ones. */
const longestWarning = 256;

function patched(uid: string, patch: readonly unknown[], warnings: readonly string[]): PatchResponse {
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  const short = warnings.map((warning) => warning.replace(/\s+/g, ' ').slice(0, longestWarning));
  return {
    uid,
    allowed: true,
    ...(patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: encoded }),
    ...(short.length === 0 ? {} : { warnings: short }),
  };
}

function skipped(uid: string, object: string, reason: string): InjectionReview {
  return { answer: reviewOf({ uid, allowed: true }), outcome: { kind: 'skipped', object, reason } };
}

function failed(uid: string, code: number, object: string, message: string): InjectionReview {
  const reason = code === 400 ? 'BadRequest' : 'InternalError';
  const answer = reviewOf({ uid, allowed: false, status: { code, reason, message } });
  return { answer, outcome: { kind: 'failed', object, reason: message } };
}
