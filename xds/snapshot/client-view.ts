import { tellingLabels } from '../model/client-traits.ts';
import { isExportedTo } from '../model/export-to.ts';
import type { Mesh } from '../model/mesh.ts';
import type { View } from '../model/view.ts';
import type { Workload } from '../model/workload.ts';

/** The view of a workload: no more of its labels, and of its place, than makes a difference to the rules of the mesh. */
export function viewOf(mesh: Mesh, { namespace, labels, node }: Workload): View {
  const traits = mesh.clientTraits();
  const sourceLabels = tellingLabels(traits, labels);
  const visible = traits.placing.some(({ metadata, spec }) =>
    isExportedTo(spec.exportTo, metadata.namespace ?? '', namespace),
  );
  const locality = visible && node !== undefined ? mesh.locality(node) : undefined;
  return {
    namespace,
    ...(Object.keys(sourceLabels).length === 0 ? {} : { sourceLabels }),
    ...(locality === undefined ? {} : { locality }),
  };
}
