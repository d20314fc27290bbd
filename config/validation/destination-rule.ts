import type { DestinationRule, DestinationRuleSpec, Subset } from '../../crds/destination-rule.ts';
import { isDnsLabel, isDnsNameOrWildcard } from '../syntax/names.ts';
import { checkExportTo, checkLabels } from './fields.ts';
import { checkSelector } from './peer-authentication.ts';
import type { Problem, Problems } from './problem.ts';
import { duplicates, each, error } from './problem.ts';
import { checkTrafficPolicy } from './traffic-policy.ts';

/** Everything about a DestinationRule that cannot work, or will not do what it seems to. */
export function validateDestinationRule({ metadata, spec }: DestinationRule): readonly Problem[] {
  return [...checkSpec(spec, metadata.namespace)];
}

function* checkSpec(spec: DestinationRuleSpec, namespace: string | undefined): Problems {
  if (!isDnsNameOrWildcard(spec.host)) {
    yield error('spec.host', `"${spec.host}" is neither a host name nor a wildcard of one`);
  }
  yield* checkTrafficPolicy(spec.trafficPolicy, 'spec.trafficPolicy');
  yield* each(spec.subsets, 'spec.subsets', checkSubset);
  yield* duplicates(
    spec.subsets?.map(({ name }) => name),
    'spec.subsets',
    'subset',
  );
  yield* checkExportTo(spec.exportTo, 'spec.exportTo', namespace);
  yield* checkSelector(spec.workloadSelector, 'spec.workloadSelector');
  if (spec.workloadSelector !== undefined) yield* checkIsLocal(spec.exportTo, namespace);
}

function* checkSubset(subset: Subset, path: string): Problems {
  if (!isDnsLabel(subset.name))
    yield error(`${path}.name`, `"${subset.name}" is no DNS label, as names of subsets are`);
  yield* checkLabels(subset.labels, `${path}.labels`);
  yield* checkTrafficPolicy(subset.trafficPolicy, `${path}.trafficPolicy`);
}

/** Workloads are selected in the rule's own namespace, so that it means nothing to others. */
function* checkIsLocal(exportTo: readonly string[] | undefined, namespace: string | undefined): Problems {
  yield* each(exportTo, 'spec.exportTo', function* (entry, at) {
    if (entry !== '.' && entry !== namespace)
      yield error(at, `must be . together with workloadSelector, is "${entry}"`);
  });
}
