import { condition } from './kubernetes-fields.ts';
import type { ObjectOfKind, PrinterColumn } from './kind.ts';
import { ageColumn, conditionPath, defineKind } from './kind.ts';
import { meshConfig } from './mesh-config.ts';
import { injection, telemetry } from './mesh-services.ts';
import { proxy } from './mesh-workloads.ts';
import type { Infer, InferInput } from './schema.ts';
import { array, integer, object, required, string, withDefault } from './schema.ts';

/** A name of a revision: `istiod-<revision>` has to be a DNS label, of 63 characters at most. */
export const maxRevisionLength = 56;
export const dnsLabel = '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$';

const count = (description: string) => integer(description, { format: 'int32', minimum: 0 });
const name = (description: string, maxLength: number) =>
  string(description, { minLength: 1, maxLength, pattern: dnsLabel });
const image = (of: string) => string(`Image of ${of}.`, { minLength: 1, maxLength: 512 });

const spec = object(
  'What istiod and sidecars are made of. It never changes; other content is another MeshRevision.',
  {
    controlPlane: required(name('The MeshControlPlane that it belongs to.', maxRevisionLength)),
    revision: required(
      name('Value of istio.io/rev on its sidecars, and part of the names of its objects.', maxRevisionLength),
    ),
    version: required(string('Exact version.', { minLength: 1, maxLength: 64 })),
    namespace: required(name('Namespace that istiod runs in.', 63)),
    images: required(
      object('The images, resolved.', { istiod: required(image('istiod')), proxy: required(image('the sidecar')) }),
    ),
    meshConfig: withDefault(meshConfig, {}),
    proxy: withDefault(proxy, {}),
    injection: withDefault(injection, {}),
    telemetry: withDefault(telemetry, {}),
  },
  { rules: [{ rule: 'self == oldSelf', message: 'is immutable; change the MeshControlPlane instead' }] },
);

/** How many names of users a status lists. */
export const namedUsers = 20;

const users = object('What uses it.', {
  pods: required(count('Pods that run and have its sidecar.')),
  workloads: required(count('Workloads that these pods belong to.')),
  namespaces: required(
    object('Namespaces whose next pods get its sidecar.', {
      count: required(count('How many there are.')),
      names: required(array('The first of them.', string('A namespace.'), { maxItems: namedUsers })),
    }),
  ),
  tags: required(
    array('The first of the MeshRevisionTags that lead to it.', string('A tag.'), { maxItems: namedUsers }),
  ),
});

const status = object('What the operator made of it.', {
  observedGeneration: integer('The generation of the object that the status is about.', {
    format: 'int64',
    minimum: 0,
  }),
  conditions: array('One entry for each aspect: Ready, InUse.', condition, { mapKeys: ['type'] }),
  users,
});

const printerColumns: readonly PrinterColumn[] = [
  {
    name: 'Control Plane',
    type: 'string',
    description: 'The MeshControlPlane that it belongs to.',
    jsonPath: '.spec.controlPlane',
  },
  { name: 'Version', type: 'string', description: 'Its version.', jsonPath: '.spec.version' },
  { name: 'Ready', type: 'string', description: 'Whether its istiod serves.', jsonPath: conditionPath('Ready') },
  { name: 'In Use', type: 'string', description: 'Whether it is needed.', jsonPath: conditionPath('InUse') },
  { name: 'Pods', type: 'integer', description: 'Pods with its sidecar.', jsonPath: '.status.users.pods' },
  {
    name: 'Namespaces',
    type: 'integer',
    description: 'Namespaces whose next pods get its sidecar.',
    jsonPath: '.status.users.namespaces.count',
  },
  {
    name: 'Revision',
    type: 'string',
    description: 'Value of istio.io/rev on its sidecars.',
    jsonPath: '.spec.revision',
    priority: 1,
  },
  {
    name: 'Status',
    type: 'string',
    description: 'Why it is ready or not.',
    jsonPath: conditionPath('Ready', 'reason'),
    priority: 1,
  },
  {
    name: 'Used By',
    type: 'string',
    description: 'Why it is needed or not.',
    jsonPath: conditionPath('InUse', 'message'),
    priority: 1,
  },
  ageColumn,
];

export const meshRevision = defineKind({
  group: 'meltemi.dev',
  kind: 'MeshRevision',
  plural: 'meshrevisions',
  singular: 'meshrevision',
  shortNames: ['mrev'],
  categories: ['meltemi'],
  scope: 'Cluster',
  versions: [{ name: 'v1alpha1', storage: true }],
  printerColumns,
  description:
    'MeshRevision records what one state of a control plane is made of. The operator makes it, and removes it when nothing uses it any more.',
  spec: required(spec),
  status,
});

export type MeshRevision = ObjectOfKind<typeof meshRevision>;
export type MeshRevisionSpec = Infer<typeof spec>;
/** The spec as it is written, before defaults. */
export type MeshRevisionSpecInput = InferInput<typeof spec>;
export type MeshRevisionStatus = Infer<typeof status>;
export type RevisionUsers = Infer<typeof users>;
