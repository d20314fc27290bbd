import { customResourceDefinition } from '../crds/custom-resource-definition.ts';
import { defineKind } from '../crds/kind.ts';
import { condition } from '../crds/kubernetes-fields.ts';
import { array, object, string } from '../crds/schema.ts';
import type { PolicyRule } from '../lib/kube/types.ts';

/** What OLM would bring to a cluster that has it: as much of its OperatorCondition as operators meet. */

const conditions = (description: string) => array(description, condition);

/** Lists are atomic and times required, as in the real one (operator-framework/api, `crds/`). */
export const operatorConditionDefinition = customResourceDefinition(
  defineKind({
    group: 'operators.coreos.com',
    kind: 'OperatorCondition',
    plural: 'operatorconditions',
    singular: 'operatorcondition',
    shortNames: ['condition'],
    categories: ['olm'],
    scope: 'Namespaced',
    versions: [{ name: 'v2', storage: true }],
    printerColumns: [],
    description: 'What an operator tells OLM.',
    spec: object('What the operator and an administrator say.', {
      conditions: conditions('What the operator says.'),
      overrides: conditions('What an administrator says instead.'),
      deployments: array('Deployments of the operator.', string('A name.')),
      serviceAccounts: array('Service accounts of the operator.', string('A name.')),
    }),
    status: object('What OLM has seen.', { conditions: conditions('As in the spec.') }),
  }),
);

/** What OLM lets an operator do with its OperatorCondition. */
export function operatorConditionRules(name: string): readonly PolicyRule[] {
  return [
    {
      apiGroups: ['operators.coreos.com'],
      resources: ['operatorconditions'],
      resourceNames: [name],
      verbs: ['get', 'update', 'patch'],
    },
  ];
}
