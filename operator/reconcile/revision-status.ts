import type { MeshRevision, MeshRevisionStatus } from '../../crds/mesh-revision.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { revisionOfRecord } from '../components/revision.ts';
import { deployment } from '../components/deployment.ts';
import { isApplied } from '../../lib/kube/subset.ts';
import { istiodName } from '../names.ts';
import type { ConditionDraft, Verdict } from './conditions.ts';
import { completeConditions, conditionTypes, firstFinding, inUseCondition, reasons } from './conditions.ts';
import type { LiveRevision } from './live-revisions.ts';
import { podProblemsOf, readinessChecks } from './readiness.ts';
import type { LiveObject, World } from './world.ts';
import { deploymentOf } from './world.ts';

/** The whole status of a MeshRevision; pure. */
export function revisionStatus(
  world: World,
  defaults: OperatorDefaults,
  live: LiveRevision,
  {
    object,
    present,
    now,
  }: { readonly object: MeshRevision; readonly present: readonly LiveObject[]; readonly now: Date },
): MeshRevisionStatus {
  const generation = object.metadata.generation ?? 0;
  const drafts = [readyDraft(notReady(world, defaults, live, present)), inUseDraft(live)];
  return {
    observedGeneration: generation,
    conditions: completeConditions(drafts, object.status?.conditions ?? [], generation, now),
    users: live.users,
  };
}

function readyDraft(verdict: Verdict | undefined): ConditionDraft {
  const type = conditionTypes.ready;
  return verdict === undefined
    ? { type, status: 'True', reason: reasons.ready, message: 'its istiod serves' }
    : { type, status: 'False', ...verdict };
}

function inUseDraft({ use }: LiveRevision): ConditionDraft {
  return use === undefined
    ? { type: inUseCondition, status: 'False', reason: reasons.notUsed, message: 'nothing uses it any more' }
    : { type: inUseCondition, status: 'True', ...use };
}

/** Why its istiod does not serve. */
function notReady(
  world: World,
  defaults: OperatorDefaults,
  { record, hasIstiod }: LiveRevision,
  present: readonly LiveObject[],
): Verdict | undefined {
  if (!hasIstiod) {
    return {
      reason: reasons.superseded,
      message: `the istiod of ${record.spec.revision} has the content of another one`,
    };
  }
  const revision = revisionOfRecord(world.controlPlane, record, defaults, undefined);
  const deploymentName = istiodName(revision.name);
  const live = deploymentOf([...present, ...world.owned], revision);
  if (live !== undefined && !isApplied(deployment(revision).object, live)) {
    const message = `Deployment ${revision.namespace}/${deploymentName}: has not its content yet`;
    return { reason: reasons.rolloutInProgress, message };
  }
  return firstFinding(readinessChecks, {
    namespace: revision.namespace,
    deploymentName,
    deployment: live,
    podProblems: podProblemsOf(world.pods, revision.name),
    webhookProblem: undefined,
  });
}
