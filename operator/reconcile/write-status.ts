import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject } from '../../crds/kind.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import { isConflict, isNotFound } from '../../lib/kube/error.ts';
import type { EventRecorder } from '../../lib/kube/events.ts';
import type { Condition } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import type { Logger } from '../../lib/logger.ts';
import { fieldManager } from '../names.ts';
import { typeOf } from '../type-meta.ts';
import { announcements } from './announcements.ts';
import { conditionTypes, inUseCondition } from './conditions.ts';
import type { FreshObjects } from './fresh-objects.ts';

export interface StatusContext {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly fresh: FreshObjects;
  readonly logger: Logger;
}

interface AnyStatus {
  readonly conditions?: readonly Condition[];
}

type ObjectWithStatus<S> = KubernetesObject<unknown, S>;

/** Writes a status that is news, and tells of its transitions. False when the object says the same already, or is gone. */
export async function report<S extends AnyStatus, T extends ObjectWithStatus<S>>(
  context: StatusContext,
  resource: Resource<T>,
  object: T,
  status: S,
): Promise<boolean> {
  if (saysTheSame(status, object.status)) return false;
  const written = await writeStatus(context.client, resource, object, status);
  if (written === undefined) return false;
  context.fresh.remember(object, written);
  const previous = object.status?.conditions ?? [];
  for (const { type, reason, action, note } of announcements(previous, status.conditions ?? [])) {
    context.events.event({ resource, object }, type, reason, action, note);
    const fields = { kind: resource.kind, object: object.metadata.name, reason, note };
    const words = `the state of a ${resource.kind} has changed`;
    if (type === 'Warning') context.logger.warn(words, fields);
    else context.logger.info(words, fields);
  }
  return true;
}

/** What was looked at is not the newest state of the object: the informer is about to bring that, and another look. */
export class StaleObjectError extends Error {
  override readonly name = 'StaleObjectError';
}

/**
 * By server-side apply: conditions that others have put there stay. Undefined when the object is gone. Throws a
 * `StaleObjectError` when the object has changed meanwhile: a status that was worked out from an older one, as by a
 * replica whose informer is behind, must not replace a newer one, and nothing may be done that it was to record.
 */
export async function writeStatus<T extends ObjectWithStatus<unknown>>(
  client: KubeClient,
  resource: Resource<T>,
  { metadata }: Pick<T, 'metadata'>,
  status: object,
): Promise<T | undefined> {
  const { name, uid, resourceVersion } = metadata;
  const identity = {
    name,
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const object = { ...typeOf(resource), metadata: identity, status };
  try {
    return await client.apply(resource, object, { fieldManager, force: true, subresource: 'status' });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    if (!isConflict(error)) throw error;
    throw new StaleObjectError(`the status of ${resource.kind} ${name} was worked out from an old state`, {
      cause: error,
    });
  }
}

/** Whether the status that an object has says the same; conditions of others do not count. */
export function saysTheSame(wanted: AnyStatus, present: AnyStatus | undefined): boolean {
  if (present === undefined) return false;
  const comparable = (status: AnyStatus): unknown => ({ ...status, conditions: own(status.conditions) });
  return isDeepStrictEqual(comparable(wanted), comparable(present));
}

const ownTypes: readonly string[] = [...Object.values(conditionTypes), inUseCondition];

function own(conditions: readonly Condition[] = []): readonly Condition[] {
  return conditions.filter(({ type }) => ownTypes.includes(type)).sort((a, b) => (a.type < b.type ? -1 : 1));
}
