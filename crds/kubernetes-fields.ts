import type { Infer } from './schema.ts';
import { array, enumeration, integer, intOrString, map, object, preserving, required, string } from './schema.ts';

/** Kubernetes' resource.Quantity, as its API server checks it. */
const quantity = intOrString('A quantity, such as 100m or 128Mi.', {
  pattern: String.raw`^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$`,
});

/** core/v1 ResourceRequirements, without claims. */
export function resources(description: string) {
  return object(description, {
    requests: map('What is set aside for it.', quantity),
    limits: map('What it may use at most.', quantity),
  });
}

export const toleration = object('A taint that is tolerated (core/v1 Toleration).', {
  key: string('Key of the taint; all keys when not given.'),
  operator: enumeration('How key and value are compared.', ['Exists', 'Equal']),
  value: string('Value of the taint.'),
  effect: enumeration('Effect of the taint; all effects when not given.', [
    'NoSchedule',
    'PreferNoSchedule',
    'NoExecute',
  ]),
  tolerationSeconds: integer('Seconds that NoExecute is tolerated; for ever when not given.', { format: 'int64' }),
});

export const nodeSelector = map('Labels that a node must carry.', string('A label value.'));

export const affinity = preserving('Affinity of the pods, as core/v1 Affinity; checked when the pods are made.');

/** meta/v1 LabelSelector. */
export const labelSelector = object('A selection of objects by label; all parts have to hold.', {
  matchLabels: map('Labels that must have this value.', string('A label value.')),
  matchExpressions: array(
    'Expressions that must hold.',
    object('An expression over one label.', {
      key: required(string('Key of the label.', { minLength: 1 })),
      operator: required(
        enumeration('How the label is compared with the values.', ['In', 'NotIn', 'Exists', 'DoesNotExist']),
      ),
      values: array('The values; none for Exists and DoesNotExist.', string('A label value.')),
    }),
  ),
});

/** meta/v1 Condition. */
export const condition = object('One aspect of the state (meta/v1 Condition).', {
  type: required(string('Name of the aspect.', { minLength: 1, maxLength: 316 })),
  status: required(enumeration('Whether it holds.', ['True', 'False', 'Unknown'])),
  reason: required(
    string('Why it does or does not, as one CamelCase word.', {
      minLength: 1,
      maxLength: 1024,
      pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$',
    }),
  ),
  message: required(string('The same for people to read.', { maxLength: 32_768 })),
  lastTransitionTime: required(string('When the status last changed.', { format: 'date-time' })),
  observedGeneration: integer('The generation of the object that it is about.', { format: 'int64', minimum: 0 }),
});

export type ResourceRequirements = Infer<ReturnType<typeof resources>>;
export type Toleration = Infer<typeof toleration>;
