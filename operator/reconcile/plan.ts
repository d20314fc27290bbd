import { deletionRank } from '../owned-resources.ts';
import { desiredObjects, istiodObjects } from '../components/components.ts';
import type { DesiredObject } from '../components/desired.ts';
import type { OperatorDefaults, Revision } from '../components/revision.ts';
import { revisionOfRecord } from '../components/revision.ts';
import { revisionObject } from '../components/revision-object.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import { caSecretName, labelKeys } from '../names.ts';
import type { RevisionRecord } from '../revisions/revision-record.ts';
import type { UpgradeDecision } from '../upgrade/input.ts';
import { upgradeStep } from '../upgrade/step.ts';
import type { Choice } from './choose-revisions.ts';
import { chooseRevisions } from './choose-revisions.ts';
import type { Verdict } from './conditions.ts';
import { firstFinding, reasons } from './conditions.ts';
import { injectionNames, namesOfOthers } from './injection-names.ts';
import type { LiveRevision, Standing } from './live-revisions.ts';
import { graceLeft, isInPlace, liveRevisions } from './live-revisions.ts';
import { refusals } from './refusals.ts';
import { upgradeInput } from './upgrade-input.ts';
import type { LiveObject, World } from './world.ts';

/** What a reconcile has to do. */
export type Plan =
  | { readonly kind: 'finalize'; readonly revision: Revision }
  | { readonly kind: 'refuse'; readonly revision: Revision; readonly verdict: Verdict }
  | ConvergePlan;

export interface ConvergePlan {
  readonly kind: 'converge';
  /** The one that the state of the control plane is judged by. */
  readonly revision: Revision;
  readonly makeNamespace: boolean;
  /** In the order in which they are to be made. */
  readonly desired: readonly DesiredObject[];
  /** Objects of this control plane that it does not want any more, in the order in which they are to go. */
  readonly surplus: readonly LiveObject[];
  /** What has to happen before everything can be made. */
  readonly waiting: Verdict | undefined;
  /** The revisions that stay, the active one first. */
  readonly revisions: readonly LiveRevision[];
  /** The revisions that go. */
  readonly pruned: readonly LiveRevision[];
  readonly upgrade: UpgradeDecision;
  /** Whether the active revision is what the spec asks for. */
  readonly isUpToDate: boolean;
  /** Milliseconds until the passing of time alone asks for another look. */
  readonly lookAgainMs: number | undefined;
}

export interface PlanOptions {
  readonly now: Date;
  /** Revisions that nothing seems to use are kept all the same. */
  readonly keepUnused?: boolean;
}

/** Decides; pure, all reads have happened before. */
export function plan(world: World, defaults: OperatorDefaults, options: PlanOptions): Plan {
  const { controlPlane } = world;
  const choice = chooseRevisions(world, defaults);
  const toRevision = (record: RevisionRecord): Revision =>
    revisionOfRecord(controlPlane, record, defaults, pemOf(world));
  if (controlPlane.metadata.deletionTimestamp !== undefined) {
    return { kind: 'finalize', revision: toRevision(choice.active) };
  }
  const verdict = firstFinding(refusals, { world, defaults });
  if (verdict !== undefined) return { kind: 'refuse', revision: toRevision(choice.active), verdict };
  const upgrade = upgradeStep(upgradeInput(world, defaults, choice, options.now));
  return convergence(world, toRevision, { choice, upgrade }, options);
}

/** Who is active and who is the target once a decision is carried out. */
function standingOf(choice: Choice, { activate, target, status }: UpgradeDecision): Standing {
  const { active, wanted, known } = choice;
  const find = (name: string | undefined): RevisionRecord | undefined =>
    [active, wanted, ...known].find((record) => record.name === name);
  if (activate) return { active: find(status?.to) ?? wanted, target: undefined, known: [...known, active] };
  const found = find(target);
  return { active, target: found === active ? undefined : found, known };
}

function convergence(
  world: World,
  toRevision: (record: RevisionRecord) => Revision,
  { choice, upgrade }: { readonly choice: Choice; readonly upgrade: UpgradeDecision },
  { now, keepUnused = false }: PlanOptions,
): ConvergePlan {
  const standing = standingOf(choice, upgrade);
  const all = liveRevisions(world, standing).map((live) => ({ live, graceMs: graceLeft(world, live, now) }));
  const goes = ({ graceMs }: (typeof all)[number]): boolean => graceMs === 0 && !keepUnused;
  const revisions = all.filter((one) => !goes(one)).map(({ live }) => live);
  const desired = objectsOf(world, toRevision, standing, revisions);
  const times = all.flatMap(({ graceMs = 0 }) => (graceMs > 0 ? [graceMs] : []));
  return {
    kind: 'converge',
    revision: toRevision(isInPlace(standing) ? (standing.target ?? standing.active) : standing.active),
    makeNamespace: world.namespace === undefined,
    desired,
    surplus: surplusOf(world, desired),
    waiting: rootCertificateVerdict(world),
    revisions,
    pruned: all.filter(goes).map(({ live }) => live),
    upgrade,
    isUpToDate: standing.active.name === choice.wanted.name,
    lookAgainMs: leastOf([...times, ...(upgrade.lookAgainMs === undefined ? [] : [upgrade.lookAgainMs])]),
  };
}

/** Records first, then all of the active istiod, which no trouble with another one may hold up. */
function objectsOf(
  world: World,
  toRevision: (record: RevisionRecord) => Revision,
  standing: Standing,
  revisions: readonly LiveRevision[],
): readonly DesiredObject[] {
  const istiods = revisions.filter(({ hasIstiod }) => hasIstiod).map(({ record }) => toRevision(record));
  const byRevision = new Map(istiods.map((revision) => [revision.name, revision]));
  const active = byRevision.get(standing.active.spec.revision) ?? toRevision(standing.active);
  const { target } = standing;
  const beside = target === undefined || isInPlace(standing) ? undefined : byRevision.get(target.spec.revision);
  const records = revisions.map(({ record }) => record);
  const names = injectionNames(world, { active, beside, byRevision, records });
  return [
    ...records.map(revisionObject),
    ...desiredObjects(active, names),
    ...istiods.filter((revision) => revision !== active).flatMap(istiodObjects),
  ];
}

function leastOf(times: readonly number[]): number | undefined {
  return times.length === 0 ? undefined : Math.min(...times);
}

function pemOf({ rootCertificate }: World): string | undefined {
  return rootCertificate.state === 'present' ? rootCertificate.pem : undefined;
}

/** While the root is unknown the webhooks stay as they are: taking them away would let pods start without sidecar. */
function surplusOf(world: World, desired: readonly DesiredObject[]): readonly LiveObject[] {
  const wanted = new Set(desired.map(({ resource, object }) => identity({ resource, object })));
  const complete = desired.some(({ resource }) => resource.group === 'admissionregistration.k8s.io');
  const others = namesOfOthers(world);
  return world.owned
    .filter(
      (live) => !wanted.has(identity(live)) && (complete || live.resource.group !== 'admissionregistration.k8s.io'),
    )
    .filter(({ resource, object }) => {
      const name = object.metadata.labels?.[labelKeys.revision];
      return resource !== mutatingWebhookConfigurations || name === undefined || !others.has(name);
    })
    .toSorted((a, b) => deletionRank(a.resource) - deletionRank(b.resource));
}

function identity({ resource, object: { metadata } }: LiveObject): string {
  return `${resource.group}/${resource.kind}/${metadata.namespace ?? ''}/${metadata.name}`;
}

/** What is to be said of the root certificate as long as it cannot be used. */
export function rootCertificateVerdict({ controlPlane, rootCertificate }: World): Verdict | undefined {
  const secret = `Secret ${controlPlane.spec.namespace}/${caSecretName}`;
  switch (rootCertificate.state) {
    case 'present':
      return undefined;
    case 'absent':
      return {
        reason: reasons.waitingForRootCertificate,
        message: `the webhooks wait for the root certificate, which istiod puts into ${secret} when it first starts`,
      };
    case 'invalid':
      return {
        reason: reasons.rootCertificateInvalid,
        message: `the root certificate in ${secret} cannot be used: ${rootCertificate.problem}`,
      };
  }
}
