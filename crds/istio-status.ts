import type { Infer } from './schema.ts';
import { array, enumeration, intOrString, object, required, string } from './schema.ts';

const condition = object('What is known about one aspect of the object.', {
  type: required(string('Name of the aspect, unique among the conditions.', { minLength: 1, maxLength: 316 })),
  status: required(string('True, False or Unknown.')),
  reason: string('Why the condition has this status, as one CamelCase word.'),
  message: string('The same for people to read.'),
  lastTransitionTime: string('When the status last changed.', { format: 'date-time' }),
  lastProbeTime: string('When the condition was last looked at.', { format: 'date-time' }),
  observedGeneration: intOrString('The generation of the object that this condition is about.'),
});

const validationMessage = object('A finding about the object.', {
  type: object('Which finding it is.', {
    name: string('Name of the finding.'),
    code: string('Code of the finding, such as IST0101.'),
  }),
  level: enumeration('How serious the finding is.', ['UNKNOWN', 'ERROR', 'WARNING', 'INFO']),
  documentationUrl: string('Where the finding is explained.'),
});

/**
 * The status of Istio's kinds. Readers must take generations as number or string: Istio writes 64-bit integers as
 * strings. Unknown fields are kept, since several controllers write here.
 */
export const istioStatus = object(
  'What the control plane made of the object.',
  {
    conditions: array('One entry for each aspect that is reported.', condition, { mapKeys: ['type'] }),
    validationMessages: array('Findings of the analysis.', validationMessage),
    observedGeneration: intOrString('The generation of the object that this status is about.'),
  },
  { preserveUnknown: true },
);

export type IstioStatus = Infer<typeof istioStatus>;
export type IstioCondition = Infer<typeof condition>;
