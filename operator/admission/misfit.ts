import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import type { OperatorDefaults } from '../components/revision.ts';
import { firstFinding, reasons } from '../reconcile/conditions.ts';
import { refusals } from '../reconcile/refusals.ts';
import type { Stores } from '../reconcile/world.ts';
import type { Misfit } from './control-plane-review.ts';

/**
 * What the reconcile would refuse to act upon, said before the object is stored. What passes by itself (a namespace that
 * is being deleted) is none of it.
 */
export function misfitOf(
  { controlPlanes, namespaces }: Pick<Stores, 'controlPlanes' | 'namespaces'>,
  defaults: OperatorDefaults,
  controlPlane: MeshControlPlane,
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
  if (verdict === undefined || verdict.reason === reasons.namespaceTerminating) return undefined;
  const [, field, message] = /^(spec\.[\w.[\]]+): (.*)$/s.exec(verdict.message) ?? [];
  if (field !== undefined && message !== undefined) return { field, message };
  return { field: 'spec.revision.name', message: verdict.message };
}
