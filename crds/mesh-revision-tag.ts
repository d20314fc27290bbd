import { condition } from './kubernetes-fields.ts';
import type { ObjectOfKind, PrinterColumn } from './kind.ts';
import { ageColumn, conditionPath, defineKind } from './kind.ts';
import { dnsLabel, maxRevisionLength } from './mesh-revision.ts';
import type { Infer, InferInput } from './schema.ts';
import { array, enumeration, integer, object, required, string } from './schema.ts';

const spec = object('Where the name leads.', {
  targetRef: required(
    object('What pods with this name get their sidecars from.', {
      kind: required(
        enumeration('MeshControlPlane follows its active revision; MeshRevision is that one and no other.', [
          'MeshControlPlane',
          'MeshRevision',
        ]),
      ),
      name: required(string('Name of the object.', { minLength: 1, maxLength: 253 })),
    }),
  ),
});

const status = object('What the operator made of it.', {
  observedGeneration: integer('The generation of the object that the status is about.', {
    format: 'int64',
    minimum: 0,
  }),
  conditions: array('One entry for each aspect: Reconciled, InUse.', condition, { mapKeys: ['type'] }),
  revision: string('The MeshRevision that pods with this name get their sidecars from.'),
  namespace: string('Namespace that its istiod runs in.'),
});

const printerColumns: readonly PrinterColumn[] = [
  { name: 'Kind', type: 'string', description: 'Kind of its target.', jsonPath: '.spec.targetRef.kind' },
  { name: 'Target', type: 'string', description: 'Name of its target.', jsonPath: '.spec.targetRef.name' },
  {
    name: 'Revision',
    type: 'string',
    description: 'The MeshRevision that it leads to.',
    jsonPath: '.status.revision',
  },
  {
    name: 'Reconciled',
    type: 'string',
    description: 'Whether it is in force.',
    jsonPath: conditionPath('Reconciled'),
  },
  {
    name: 'Status',
    type: 'string',
    description: 'Why it is in force or not.',
    jsonPath: conditionPath('Reconciled', 'reason'),
  },
  { name: 'In Use', type: 'string', description: 'Whether anything has its name.', jsonPath: conditionPath('InUse') },
  {
    name: 'Message',
    type: 'string',
    description: 'What keeps it from being in force.',
    jsonPath: conditionPath('Reconciled', 'message'),
    priority: 1,
  },
  ageColumn,
];

export const meshRevisionTag = defineKind({
  group: 'meltemi.dev',
  kind: 'MeshRevisionTag',
  plural: 'meshrevisiontags',
  singular: 'meshrevisiontag',
  shortNames: ['mtag'],
  categories: ['meltemi'],
  scope: 'Cluster',
  versions: [{ name: 'v1alpha1', storage: true }],
  printerColumns,
  description:
    'MeshRevisionTag is a name for istio.io/rev that stays while what it leads to changes. The tag "default" also stands for istio-injection=enabled.',
  spec: required(spec),
  status,
  rules: [
    {
      rule: `self.metadata.name.size() <= ${String(maxRevisionLength)} && self.metadata.name.matches('${dnsLabel}')`,
      message: `metadata.name must be a DNS label of at most ${String(maxRevisionLength)} characters, since it is the value of a label`,
    },
  ],
});

export type MeshRevisionTag = ObjectOfKind<typeof meshRevisionTag>;
export type MeshRevisionTagSpec = Infer<typeof spec>;
export type MeshRevisionTagSpecInput = InferInput<typeof spec>;
export type MeshRevisionTagStatus = Infer<typeof status>;
