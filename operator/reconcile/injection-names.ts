import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { InjectionName } from '../components/injection-webhook.ts';
import type { Revision } from '../components/revision.ts';
import type { RevisionRecord } from '../revisions/revision-record.ts';
import { tagTarget } from '../revisions/tag-target.ts';
import { prefixOf } from './choose-revisions.ts';
import type { World } from './world.ts';

/** The istiods of a control plane, as far as names can lead to them. */
export interface Istiods {
  readonly active: Revision;
  /** One that workloads are being moved to. */
  readonly beside: Revision | undefined;
  /** All of them, by their value of `istio.io/rev`. */
  readonly byRevision: ReadonlyMap<string, Revision>;
  readonly records: readonly RevisionRecord[];
}

/** Every name by which pods can ask for sidecars of a control plane, and where it leads; pure. */
export function injectionNames(world: World, istiods: Istiods): readonly InjectionName[] {
  const { active, beside } = istiods;
  const { enableNamespacesByDefault } = active.spec.injection;
  const following = { serving: active, ...(beside === undefined ? {} : { beside }) };
  const own = { name: prefixOf(world), ...following, unlabelledNamespaces: enableNamespacesByDefault };
  return [own, ...ofTags(world, istiods, following), ...ofRevisions(istiods, own.name)];
}

function ofTags(
  world: World,
  { byRevision, records }: Istiods,
  following: Pick<InjectionName, 'serving' | 'beside'>,
): readonly InjectionName[] {
  const { controlPlane, surroundings } = world;
  return world.tags.flatMap((tag): readonly InjectionName[] => {
    const { name } = tag.metadata;
    const target = tagTarget(tag, surroundings);
    if (target.kind === 'refNotFound' || target.kind === 'nameTaken') return [];
    if (target.controlPlane !== controlPlane.metadata.name) return [];
    if (target.kind === 'follows') return [{ name, ...following, unlabelledNamespaces: false }];
    const record = records.find((one) => one.name === target.revision);
    const serving = record && byRevision.get(record.spec.revision);
    return serving === undefined ? [] : [{ name, serving, unlabelledNamespaces: false }];
  });
}

/** A revision that runs beside others can be asked for by its own name. */
function ofRevisions({ byRevision }: Istiods, prefix: string): readonly InjectionName[] {
  return [...byRevision.values()]
    .filter(({ name }) => name !== prefix)
    .map((serving) => ({ name: serving.name, serving, unlabelledNamespaces: false }));
}

/**
 * Names that lead to other control planes by now: tags that were led there, and the names of control planes that have
 * come since. They take the webhooks over; until then these stay, so that there is no moment without them.
 */
export function namesOfOthers({ controlPlane, siblings, tags, surroundings }: World): ReadonlySet<string> {
  const led = tags.filter((tag) => {
    const target = tagTarget(tag, surroundings);
    const leads = target.kind === 'follows' || target.kind === 'pinned';
    return leads && target.controlPlane !== controlPlane.metadata.name;
  });
  const staying = siblings.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  return new Set([...led.map(({ metadata }) => metadata.name), ...staying.map(revisionName)]);
}
