import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { MeshRevision } from '../../crds/mesh-revision.ts';
import { deployments } from '../../lib/kube/resources.ts';
import { wantedContent } from '../components/revision.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { annotationKeys, labelKeys } from '../names.ts';
import { adoptedRecord } from '../revisions/adopted-record.ts';
import type { RevisionContent, RevisionRecord } from '../revisions/revision-record.ts';
import { homeOf, recordOf, recordOfObject, sameContent } from '../revisions/revision-record.ts';
import type { World } from './world.ts';
import { isSuperseded, istiodOf, revisionsOf } from './world.ts';

export interface Choice {
  /** The record of `status.activeRevision`, or what stands for it. */
  readonly active: RevisionRecord;
  /** What the spec asks for; the active one when it is that already. */
  readonly wanted: RevisionRecord;
  /**
   * Every record of the control plane, in the cluster or made up from what runs. Of those that share a value of
   * `istio.io/rev`, the one whose content its istiod has comes first.
   */
  readonly known: readonly RevisionRecord[];
}

/** Which revision is active, and which one the spec asks for; pure. */
export function chooseRevisions(world: World, defaults: OperatorDefaults): Choice {
  const { controlPlane } = world;
  const content = wantedContent(controlPlane, defaults);
  const recorded = inOrder(revisionsOf(world)).map(recordOfObject);
  const known = [...recorded, ...unrecorded(world, recorded, { ...defaults, version: content.version })];
  const active = activeOf(world, known, content);
  const superseded = new Set(
    revisionsOf(world)
      .filter(isSuperseded)
      .map(({ metadata }) => metadata.name),
  );
  const living = known.filter(({ name }) => !superseded.has(name));
  return { active, wanted: wantedOf(world, active, living, content), known };
}

/** Those that an istiod of another record has taken the place of come last; the newest first. */
function inOrder(revisions: readonly MeshRevision[]): readonly MeshRevision[] {
  return [...revisions.filter((one) => !isSuperseded(one)), ...revisions.filter(isSuperseded)];
}

/** Istiods without a record: from before there were records, or of one that somebody has deleted. */
function unrecorded(
  world: World,
  recorded: readonly RevisionRecord[],
  defaults: OperatorDefaults,
): readonly RevisionRecord[] {
  const { controlPlane, owned } = world;
  const active = controlPlane.status?.activeRevision;
  const isActiveRecorded = active === undefined || recorded.some(({ name }) => name === active);
  return owned
    .filter(({ resource }) => resource === deployments)
    .map(({ object }) => object.metadata.labels?.[labelKeys.revision])
    .filter((revision) => revision !== undefined)
    .map((revision) => {
      // An istiod that is just being rolled bears content of no record for a moment, and needs none.
      const isKnown = recorded.some(({ spec }) => spec.revision === revision);
      if (isKnown && isActiveRecorded) return undefined;
      const record = adopted(world, revision, defaults);
      return isKnown && record?.name !== active ? undefined : record;
    })
    .filter((record) => record !== undefined);
}

function adopted(world: World, revision: string, defaults: OperatorDefaults): RevisionRecord | undefined {
  const { controlPlane } = world;
  const live = istiodOf(world, revision);
  const written = live.configuration?.metadata.annotations?.[annotationKeys.version];
  const version = written ?? controlPlane.status?.version ?? defaults.version;
  const isNamed = controlPlane.spec.proxy.imagePullSecrets !== undefined;
  const addedPullSecrets = isNamed ? [] : (defaults.pullSecrets?.proxy ?? []);
  return adoptedRecord(homeOf(controlPlane), live, { revision, version, addedPullSecrets });
}

function activeOf(world: World, known: readonly RevisionRecord[], content: RevisionContent): RevisionRecord {
  const { controlPlane } = world;
  const home = homeOf(controlPlane);
  const name = controlPlane.status?.activeRevision;
  return (
    known.find((record) => record.name === name) ??
    known.find(({ spec }) => spec.revision === home.prefix) ??
    known[0] ??
    recordOf(home, content, home.prefix)
  );
}

/**
 * In place, the wanted content gets the name of the active one; beside it (Canary), a name of its own, unless the same
 * content runs somewhere already.
 */
function wantedOf(
  { controlPlane }: World,
  active: RevisionRecord,
  living: readonly RevisionRecord[],
  content: RevisionContent,
): RevisionRecord {
  if (sameContent(active.spec, content)) return active;
  const home = homeOf(controlPlane);
  if (controlPlane.spec.upgrade.strategy === 'InPlace') return recordOf(home, content, active.spec.revision);
  const same = living.find(({ spec }) => spec.revision !== active.spec.revision && sameContent(spec, content));
  return same ?? recordOf(home, content);
}

/** The name that a control plane has by itself. */
export function prefixOf({ controlPlane }: World): string {
  return revisionName(controlPlane);
}
