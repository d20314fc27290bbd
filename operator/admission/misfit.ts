import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { firstFinding, reasons } from '../reconcile/conditions.ts';
import { refusals } from '../reconcile/refusals.ts';
import type { Stores } from '../reconcile/world.ts';
import { knownReleases } from '../versions/known-releases.ts';
import { exactVersion } from '../versions/resolve-version.ts';
import { checkUpgradePath } from '../versions/upgrade-path.ts';
import type { Misfit } from './control-plane-review.ts';

/**
 * What the reconcile would refuse to act upon, or an upgrade to begin with, said before the object is stored. What passes by itself (a namespace that
 * is being deleted) is none of it.
 */
export function misfitOf(
  { controlPlanes, namespaces }: Pick<Stores, 'controlPlanes' | 'namespaces'>,
  defaults: OperatorDefaults,
  controlPlane: MeshControlPlane,
  before: MeshControlPlane | undefined,
): Misfit | undefined {
  const { name } = controlPlane.metadata;
  const siblings = controlPlanes.list().filter(({ metadata }) => metadata.name !== name);
  const namespace = namespaces.get(undefined, controlPlane.spec.namespace);
  // A new one is the youngest, whatever the clocks say.
  const metadata = { ...controlPlane.metadata, creationTimestamp: controlPlane.metadata.creationTimestamp ?? '9999' };
  const verdict = firstFinding(refusals, {
    world: { controlPlane: { ...controlPlane, metadata }, siblings, namespace },
    defaults,
  });
  if (verdict === undefined || verdict.reason === reasons.namespaceTerminating) {
    const running = controlPlanes.get(undefined, name)?.status?.version;
    return before === undefined ? undefined : wrongWay(before, controlPlane, running, defaults);
  }
  const [, field, message] = /^(spec\.[\w.[\]]+): (.*)$/s.exec(verdict.message) ?? [];
  if (field !== undefined && message !== undefined) return { field, message };
  return { field: 'spec.revision.name', message: verdict.message };
}

/** A version that may not follow the one that runs. What is no other version than before is nobody's mistake now. */
function wrongWay(
  before: MeshControlPlane,
  after: MeshControlPlane,
  running: string | undefined,
  { version: own }: OperatorDefaults,
): Misfit | undefined {
  const to = exactVersion(after.spec.version, own);
  const former = exactVersion(before.spec.version, own);
  if (to === former) return undefined;
  const { force } = after.spec.upgrade;
  const verdict = checkUpgradePath(running ?? former, to, { force, known: knownReleases(own) });
  return verdict === undefined ? undefined : { field: 'spec.version', message: verdict.message };
}
