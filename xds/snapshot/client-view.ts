import type { DestinationRule } from '../../crds/destination-rule.ts';
import { clientLabelKeys, policiesOf } from '../model/destination-rules.ts';
import { isExportedTo } from '../model/export-to.ts';
import type { Mesh } from '../model/mesh.ts';
import type { View } from '../model/view.ts';
import { sourceLabelKeys } from '../model/virtual-services.ts';
import type { Workload } from '../model/workload.ts';
import { dependsOnClientPlace } from '../translate/locality.ts';
import type { Memo } from './memo.ts';

/** The view of a workload: no more of its labels, and of its place, than the rules of the mesh ask for. */
export function viewOf(mesh: Mesh, { namespace, labels, node }: Workload, memo: Memo): View {
  const { virtualServices, destinationRules } = mesh;
  const keys = memo.get(
    'client-label-keys',
    [virtualServices, destinationRules],
    () => new Set([...sourceLabelKeys(virtualServices), ...clientLabelKeys(destinationRules)]),
  );
  const sourceLabels =
    keys.size === 0
      ? undefined
      : Object.fromEntries([...keys].flatMap((key) => (Object.hasOwn(labels, key) ? [[key, labels[key] ?? '']] : [])));
  const placed = memo.get('rules-by-place', [destinationRules], () => destinationRules.filter(prefersByPlace));
  const visible = placed.some(({ metadata, spec }) => isExportedTo(spec.exportTo, metadata.namespace ?? '', namespace));
  const locality = visible && node !== undefined ? mesh.localityOf(node) : undefined;
  return {
    namespace,
    ...(sourceLabels === undefined ? {} : { sourceLabels }),
    ...(locality === undefined ? {} : { locality }),
  };
}

function prefersByPlace(rule: DestinationRule): boolean {
  return policiesOf(rule).some(dependsOnClientPlace);
}
