import { at, isJsonObject, listAt, textAt, textsAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { LoadedBundle } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, warning } from './rule.ts';

/** Security context constraints that every OpenShift has. */
const standardConstraints: readonly string[] = [
  'privileged',
  'restricted',
  'anyuid',
  'hostaccess',
  'hostmount-anyuid',
  'hostnetwork',
  'node-exporter',
  'nonroot',
];

/** Single objects that could hurt a cluster (operator-framework/api, ObjectValidator). */
export const objectRules: readonly Rule[] = [
  {
    name: 'objects/disruption-budgets-allow-drains',
    check: (bundle) =>
      eachBad(
        ofKind(bundle, 'PodDisruptionBudget'),
        (budget) => {
          const max = at(budget, 'spec', 'maxUnavailable');
          return max === 0 || max === '0%' || at(budget, 'spec', 'minAvailable') === '100%';
        },
        (budget) => error(`PodDisruptionBudget ${textAt(budget, 'metadata', 'name')} would block every drain`),
      ),
  },
  {
    name: 'objects/no-global-default-priority',
    check: (bundle) =>
      eachBad(
        ofKind(bundle, 'PriorityClass'),
        (one) => at(one, 'globalDefault') === true,
        (one) => error(`PriorityClass ${textAt(one, 'metadata', 'name')} would be the default of the cluster`),
      ),
  },
  {
    name: 'objects/roles-write-no-disruption-budgets',
    check: (bundle) =>
      eachBad(
        rules(bundle),
        (rule) => grants(rule, 'policy', 'poddisruptionbudgets', ['*', 'create', 'update', 'patch']),
        () => warning('a Role in the bundle may write PodDisruptionBudgets'),
      ),
  },
  {
    name: 'objects/roles-leave-standard-constraints',
    check: (bundle) =>
      eachBad(
        rules(bundle),
        (rule) =>
          grants(rule, 'security.openshift.io', 'securitycontextconstraints', ['*', 'delete', 'update', 'patch']) &&
          textsAt(rule, 'resourceNames').some((name) => standardConstraints.includes(name)),
        () => error('a Role in the bundle may change standard security context constraints'),
      ),
  },
];

function ofKind({ manifests }: LoadedBundle, kind: string): readonly JsonObject[] {
  return manifests.map(({ object }) => object).filter((object) => textAt(object, 'kind') === kind);
}

function rules(bundle: LoadedBundle): readonly JsonObject[] {
  return [...ofKind(bundle, 'Role'), ...ofKind(bundle, 'ClusterRole')]
    .flatMap((role) => listAt(role, 'rules'))
    .filter(isJsonObject);
}

function grants(rule: JsonObject, group: string, resource: string, verbs: readonly string[]): boolean {
  return (
    textsAt(rule, 'apiGroups').includes(group) &&
    textsAt(rule, 'resources').includes(resource) &&
    textsAt(rule, 'verbs').some((verb) => verbs.includes(verb))
  );
}
