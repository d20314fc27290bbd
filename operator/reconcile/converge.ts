import { describeError } from '../../lib/errors.ts';
import { isForbidden, isInvalid } from '../../lib/kube/error.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { DesiredObject } from '../components/desired.ts';
import { nameOf } from '../components/desired.ts';
import type { ApplyContext } from './apply.ts';
import { applyObject, deleteObject, ForeignObjectError, makeNamespace } from './apply.ts';
import type { Verdict } from './conditions.ts';
import { reasons } from './conditions.ts';
import type { ConvergePlan } from './plan.ts';
import type { LiveObject } from './world.ts';

/** What became of a plan. */
export interface Outcome {
  /** The objects as they are after it, as far as it came. */
  readonly present: readonly LiveObject[];
  readonly failure: Failure | undefined;
}

export interface Failure {
  readonly verdict: Verdict;
  readonly error: unknown;
  /** `retry` with back-off; `wait` for somebody to clear the way; `terminal` until the object changes. */
  readonly next: 'retry' | 'wait' | 'terminal';
}

/** Carries a plan out, in its order, up to the first object that fails. */
export async function converge(
  context: ApplyContext,
  plan: Pick<ConvergePlan, 'makeNamespace' | 'revision' | 'desired' | 'surplus'>,
  owned: readonly LiveObject[],
): Promise<Outcome> {
  const present: LiveObject[] = [];
  let current: string | undefined;
  try {
    if (plan.makeNamespace) {
      current = `Namespace ${plan.revision.namespace}`;
      await makeNamespace(context.client, plan.revision);
    }
    for (const desired of plan.desired) {
      current = nameOf(desired);
      const object = await applyObject(context, desired, find(owned, desired));
      present.push({ resource: desired.resource, object });
    }
    for (const surplus of plan.surplus) {
      current = nameOf(surplus);
      await deleteObject(context.client, surplus);
    }
    return { present, failure: undefined };
  } catch (error) {
    return { present, failure: failureOf(current, error) };
  }
}

function find(owned: readonly LiveObject[], { resource, object: { metadata } }: DesiredObject): KubeObject | undefined {
  return owned.find(
    (live) =>
      live.resource === resource &&
      live.object.metadata.name === metadata.name &&
      live.object.metadata.namespace === metadata.namespace,
  )?.object;
}

function failureOf(object: string | undefined, error: unknown): Failure {
  const words = describeError(error);
  if (error instanceof ForeignObjectError) {
    return { verdict: { reason: reasons.nameAlreadyExists, message: words }, error, next: 'wait' };
  }
  const message = object === undefined ? words : `${object}: ${words}`;
  // The API server's schema and validation found a value of the spec that the CRD let pass.
  if (isInvalid(error)) {
    return { verdict: { reason: reasons.validationError, message }, error, next: 'terminal' };
  }
  if (isForbidden(error) && /because it is being terminated/.test(error.rawMessage)) {
    return { verdict: { reason: reasons.namespaceTerminating, message }, error, next: 'retry' };
  }
  return { verdict: { reason: reasons.reconcileError, message }, error, next: 'retry' };
}
