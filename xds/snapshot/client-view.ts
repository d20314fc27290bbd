import { isExportedTo } from '../model/export-to.ts';
import type { Mesh } from '../model/mesh.ts';
import type { View } from '../model/view.ts';
import type { Workload } from '../model/workload.ts';

/** The view of a workload: no more of its labels, and of its place, than the rules of the mesh ask for. */
export function viewOf(mesh: Mesh, { namespace, labels, node }: Workload): View {
  const { labelKeys, placing } = mesh.clientTraits();
  const sourceLabels =
    labelKeys.length === 0
      ? undefined
      : Object.fromEntries(labelKeys.flatMap((key) => (Object.hasOwn(labels, key) ? [[key, labels[key] ?? '']] : [])));
  const visible = placing.some(({ metadata, spec }) =>
    isExportedTo(spec.exportTo, metadata.namespace ?? '', namespace),
  );
  const locality = visible && node !== undefined ? mesh.locality(node) : undefined;
  return {
    namespace,
    ...(sourceLabels === undefined ? {} : { sourceLabels }),
    ...(locality === undefined ? {} : { locality }),
  };
}
