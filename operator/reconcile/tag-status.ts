import type { MeshRevisionTag, MeshRevisionTagStatus } from '../../crds/mesh-revision-tag.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { injectionWebhookName } from '../names.ts';
import { controlPlaneOf } from '../ownership.ts';
import type { TagSurroundings, TagTarget } from '../revisions/tag-target.ts';
import { tagTarget } from '../revisions/tag-target.ts';
import { nameUse } from '../revisions/usage.ts';
import type { ConditionDraft } from './conditions.ts';
import { completeConditions, conditionTypes, inUseCondition, reasons } from './conditions.ts';
import type { Stores } from './world.ts';
import { isSuperseded } from './world.ts';

/** What the status of a tag is made from. */
export interface TagWorld {
  readonly surroundings: TagSurroundings;
  /** The webhooks that belong to its name. */
  readonly webhook: KubeObject | undefined;
  readonly namespaces: readonly string[];
  readonly pods: number;
}

export function gatherTag(stores: Stores, name: string): TagWorld {
  return {
    surroundings: { controlPlanes: stores.controlPlanes.list(), revisions: stores.revisions.list() },
    webhook: stores.owned.get(mutatingWebhookConfigurations)?.get(undefined, injectionWebhookName(name)),
    ...nameUse(stores, name),
  };
}

/** The whole status of a tag; pure. */
export function tagStatus(tag: MeshRevisionTag, world: TagWorld, now: Date): MeshRevisionTagStatus {
  const generation = tag.metadata.generation ?? 0;
  const target = tagTarget(tag, world.surroundings);
  const drafts = [reconciledDraft(tag, target, world), inUseDraft(world)];
  const revision = target.kind === 'follows' || target.kind === 'pinned' ? target.revision : undefined;
  const namespace = world.surroundings.revisions.find(({ metadata }) => metadata.name === revision)?.spec.namespace;
  return {
    observedGeneration: generation,
    conditions: completeConditions(drafts, tag.status?.conditions ?? [], generation, now),
    ...(revision === undefined ? {} : { revision }),
    ...(namespace === undefined ? {} : { namespace }),
  };
}

function reconciledDraft(tag: MeshRevisionTag, target: TagTarget, world: TagWorld): ConditionDraft {
  const type = conditionTypes.reconciled;
  const { name } = tag.metadata;
  const { kind, name: refName } = tag.spec.targetRef;
  switch (target.kind) {
    case 'refNotFound':
      return { type, status: 'False', reason: reasons.refNotFound, message: `there is no ${kind} "${refName}"` };
    case 'nameTaken': {
      const message = `${target.by} already stands for the name "${name}"; give the tag another one`;
      return { type, status: 'False', reason: reasons.nameAlreadyExists, message };
    }
    case 'follows':
    case 'pinned': {
      if (world.webhook !== undefined && controlPlaneOf(world.webhook) === target.controlPlane) {
        const leadsTo = world.surroundings.revisions.find(({ metadata }) => metadata.name === target.revision);
        if (target.kind === 'pinned' && leadsTo !== undefined && isSuperseded(leadsTo)) {
          const message = `${refName} was replaced in place; pods that ask for "${name}" get sidecars of its successor`;
          return { type, status: 'False', reason: reasons.superseded, message };
        }
        const message = `pods that ask for "${name}" get sidecars of ${target.revision ?? target.controlPlane}`;
        return { type, status: 'True', reason: reasons.reconciled, message };
      }
      const message = `waiting for MeshControlPlane "${target.controlPlane}" to make its webhooks`;
      return { type, status: 'False', reason: reasons.waitingForControlPlane, message };
    }
  }
}

function inUseDraft({ namespaces, pods }: TagWorld): ConditionDraft {
  const type = inUseCondition;
  if (namespaces.length > 0) {
    const [first = ''] = namespaces;
    const more = namespaces.length > 1 ? ` and ${String(namespaces.length - 1)} more` : '';
    return { type, status: 'True', reason: reasons.usedByNamespaces, message: `namespace ${first}${more}` };
  }
  return pods > 0
    ? {
        type,
        status: 'True',
        reason: reasons.usedByPods,
        message: `${String(pods)} pods ask for it by their own label`,
      }
    : { type, status: 'False', reason: reasons.notUsed, message: 'no namespace and no pod asks for it' };
}
