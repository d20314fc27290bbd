import type { RevisionUsers } from '../../crds/mesh-revision.ts';
import { durationMs } from '../../lib/duration.ts';
import type { RevisionRecord } from '../revisions/revision-record.ts';
import { tagTarget } from '../revisions/tag-target.ts';
import { usersOf } from '../revisions/usage.ts';
import type { Verdict } from './conditions.ts';
import { inUseCondition, reasons } from './conditions.ts';
import type { World } from './world.ts';
import { prefixOf } from './choose-revisions.ts';

/** One of the revisions that a control plane has. */
export interface LiveRevision {
  readonly record: RevisionRecord;
  readonly place: 'active' | 'target' | 'former';
  /** Whether an istiod runs for it; not where another one has taken its place. */
  readonly hasIstiod: boolean;
  /** The tags that lead to it, and the names by which it is asked for. */
  readonly users: RevisionUsers;
  /** Why it is needed; undefined when it is not. */
  readonly use: Verdict | undefined;
}

export interface Standing {
  readonly active: RevisionRecord;
  /** What is to take the active one's place, or to run beside it. */
  readonly target: RevisionRecord | undefined;
  readonly known: readonly RevisionRecord[];
}

/** Whether the target is rolled out over the active one's istiod. */
export function isInPlace({ active, target }: Standing): boolean {
  return target?.spec.revision === active.spec.revision;
}

/** Every revision with what is known of its use; pure. The active one first, then the target. */
export function liveRevisions(world: World, standing: Standing): readonly LiveRevision[] {
  const { active, target, known } = standing;
  const first = [active, ...(target === undefined ? [] : [target])];
  const former = known.filter(({ name }) => first.every((record) => record.name !== name));
  const records = [...first, ...former];
  const holders = holdersOf(standing);
  return records.map((record) => {
    const hasIstiod = holders.get(record.spec.revision)?.name === record.name;
    const place = record === active ? 'active' : record === target ? 'target' : 'former';
    const tags = tagsOf(world, standing, record);
    const names = namesOf(world, standing, record, tags);
    const users = usersOf(world.usage, hasIstiod ? record.spec.revision : undefined, names, tags);
    return { record, place, hasIstiod, users, use: useOf(place, users, pinnedTo(world, record)) };
  });
}

/** Whose content the istiod of each value of `istio.io/rev` has. */
function holdersOf(standing: Standing): ReadonlyMap<string, RevisionRecord> {
  const { active, target, known } = standing;
  const byPrecedence = [...(target === undefined ? [] : [target]), active, ...known];
  const holders = new Map<string, RevisionRecord>();
  for (const record of byPrecedence) {
    if (!holders.has(record.spec.revision)) holders.set(record.spec.revision, record);
  }
  return holders;
}

/** Tags that lead to a record, be it that they follow the control plane or are pinned. */
function tagsOf(world: World, { active }: Standing, record: RevisionRecord): readonly string[] {
  const { controlPlane, surroundings } = world;
  return world.tags
    .filter((tag) => {
      const target = tagTarget(tag, surroundings);
      if (target.kind === 'pinned') return target.revision === record.name;
      return target.kind === 'follows' && target.controlPlane === controlPlane.metadata.name && record === active;
    })
    .map(({ metadata }) => metadata.name);
}

function pinnedTo({ tags, surroundings }: World, record: RevisionRecord): readonly string[] {
  return tags
    .filter((tag) => {
      const target = tagTarget(tag, surroundings);
      return target.kind === 'pinned' && target.revision === record.name;
    })
    .map(({ metadata }) => metadata.name)
    .sort();
}

function namesOf(
  world: World,
  { active }: Standing,
  { name, spec }: RevisionRecord,
  tags: readonly string[],
): readonly string[] {
  const own = spec.revision === name ? [name] : [];
  return [...own, ...(active.name === name ? [prefixOf(world)] : []), ...tags];
}

function useOf(
  place: LiveRevision['place'],
  { pods, namespaces }: RevisionUsers,
  pinned: readonly string[],
): Verdict | undefined {
  const counts = `${number(pods, 'pod')} with its sidecar, ${number(namespaces.count, 'namespace')} that ask for it`;
  if (place === 'active') return { reason: reasons.active, message: `is the active revision; ${counts}` };
  if (place === 'target') return { reason: reasons.target, message: `is to become the active revision; ${counts}` };
  if (pods > 0) return { reason: reasons.usedByPods, message: `${number(pods, 'pod')} run with its sidecar` };
  if (pinned.length > 0) return { reason: reasons.usedByTag, message: `is pinned by ${pinned.join(', ')}` };
  if (namespaces.count > 0) {
    return { reason: reasons.usedByNamespaces, message: `${number(namespaces.count, 'namespace')} ask for it by name` };
  }
  return undefined;
}

function number(count: number, what: string): string {
  return `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}

/** When a revision that nothing uses may go, milliseconds from now; undefined while it is needed. */
export function graceLeft(world: World, { record, use }: LiveRevision, now: Date): number | undefined {
  if (use !== undefined) return undefined;
  const { inactiveRevisionDeletionGracePeriod } = world.controlPlane.spec.upgrade;
  const graceMs = durationMs(inactiveRevisionDeletionGracePeriod) ?? 0;
  const object = world.surroundings.revisions.find(({ metadata }) => metadata.name === record.name);
  const condition = object?.status?.conditions?.find(({ type }) => type === inUseCondition);
  // The time begins when the status has said so.
  const since = condition?.status === 'False' ? Date.parse(condition.lastTransitionTime) : now.getTime();
  return Math.max(0, since + graceMs - now.getTime());
}
