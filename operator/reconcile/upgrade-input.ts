import { isApplied } from '../../lib/kube/subset.ts';
import { deployment } from '../components/deployment.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { revisionOfRecord } from '../components/revision.ts';
import { istiodName } from '../names.ts';
import type { RevisionRecord } from '../revisions/revision-record.ts';
import type { ControlPlaneState, RevisionRef, UpgradeInput } from '../upgrade/input.ts';
import type { Choice } from './choose-revisions.ts';
import { firstFinding } from './conditions.ts';
import { podProblemsOf, readinessChecks } from './readiness.ts';
import type { World } from './world.ts';
import { istiodOf } from './world.ts';

/** What the next step of an upgrade is decided by; pure. */
export function upgradeInput(world: World, defaults: OperatorDefaults, choice: Choice, now: Date): UpgradeInput {
  const { status, spec } = world.controlPlane;
  return {
    now,
    spec: spec.upgrade,
    active: refOf(choice.active),
    desired: refOf(choice.wanted),
    previous: status?.upgrade,
    target: istiodState(world, defaults, observed(world, choice)),
    ...world.upgrade,
  };
}

function refOf({ name, spec }: RevisionRecord): RevisionRef {
  return { name, revision: spec.revision, version: spec.version };
}

/** The record whose istiod matters: the one that was made last, or the former one while it is being brought back. */
function observed({ controlPlane }: World, { active, wanted, known }: Choice): RevisionRecord {
  const upgrade = controlPlane.status?.upgrade;
  if (upgrade === undefined || upgrade.phase === 'Completed' || upgrade.phase === 'RolledBack') return wanted;
  const isBack = upgrade.strategy === 'InPlace' && upgrade.phase !== 'Installing' && upgrade.phase !== 'Failed';
  return isBack ? active : (known.find(({ name }) => name === upgrade.to) ?? wanted);
}

/** How the istiod of a record is, with the content of the record and no other. */
export function istiodState(world: World, defaults: OperatorDefaults, record: RevisionRecord): ControlPlaneState {
  const revision = revisionOfRecord(world.controlPlane, record, defaults, undefined);
  const { deployment: live } = istiodOf(world, revision.name);
  if (live === undefined || !isApplied(deployment(revision).object, live)) {
    return { ready: false, message: `Deployment ${revision.namespace}/${istiodName(revision.name)}: not applied yet` };
  }
  const verdict = firstFinding(readinessChecks, {
    namespace: revision.namespace,
    deploymentName: istiodName(revision.name),
    deployment: live,
    podProblems: podProblemsOf(world.pods, revision.name),
    webhookProblem: undefined,
  });
  return verdict === undefined ? { ready: true, message: 'istiod serves' } : { ready: false, message: verdict.message };
}
