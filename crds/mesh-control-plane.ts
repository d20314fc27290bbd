import type { ObjectOfKind, PrinterColumn } from './kind.ts';
import { ageColumn, conditionPath, defineKind } from './kind.ts';
import { meshConfig } from './mesh-config.ts';
import { meshControlPlaneStatus } from './mesh-control-plane-status.ts';
import { dnsLabel, maxRevisionLength } from './mesh-revision.ts';
import { ca, injection, telemetry } from './mesh-services.ts';
import { upgrade } from './mesh-upgrade.ts';
import { pilot, proxy } from './mesh-workloads.ts';
import type { Infer, InferInput } from './schema.ts';
import { object, string, withDefault } from './schema.ts';

export type { MeshConfig, ProxyConfig } from './mesh-config.ts';
export type { ComponentStatus, MeshControlPlaneStatus } from './mesh-control-plane-status.ts';
export type { CertificateAuthority, Injection, Telemetry } from './mesh-services.ts';
export type { Upgrade, UpgradeStatus } from './mesh-upgrade.ts';
export type { Pilot, PilotAutoscaling, Proxy } from './mesh-workloads.ts';

const revision = object('The revision of the control plane.', {
  name: string('Name of the revision, part of the names of its objects; the name of the object when left out.', {
    minLength: 1,
    maxLength: maxRevisionLength,
    pattern: dnsLabel,
  }),
});

const spec = object(
  'What the control plane has to be. All of it can be left out.',
  {
    version: string(
      "Version of the control plane and its sidecars: exact (1.2.3), the newest of a minor (1.2) or of a channel (stable, candidate); the operator's own when left out.",
      {
        maxLength: 64,
        rules: [
          {
            rule: String.raw`self.matches('^(v?[0-9]+[.][0-9]+([.][0-9]+(-[0-9A-Za-z.-]+)?)?|stable|candidate|latest)$')`,
            message: 'is neither a version (1.2.3) nor a minor (1.2) nor a channel (stable, candidate, latest)',
          },
        ],
      },
    ),
    revision: withDefault(revision, {}),
    namespace: withDefault(
      string('Namespace that the control plane runs in. Made when it is not there.', {
        minLength: 1,
        maxLength: 63,
        pattern: dnsLabel,
        rules: [{ rule: 'self == oldSelf', message: 'is immutable; make another MeshControlPlane to move it' }],
      }),
      'istio-system',
    ),
    meshConfig: withDefault(meshConfig, {}),
    pilot: withDefault(pilot, {}),
    proxy: withDefault(proxy, {}),
    ca: withDefault(ca, {}),
    injection: withDefault(injection, {}),
    telemetry: withDefault(telemetry, {}),
    upgrade: withDefault(upgrade, {}),
  },
  {
    rules: [
      {
        rule: [
          '!has(self.revision) || !has(oldSelf.revision)',
          '(!has(self.revision.name) && !has(oldSelf.revision.name))',
          '(has(self.revision.name) && has(oldSelf.revision.name) && self.revision.name == oldSelf.revision.name)',
        ].join(' || '),
        message: 'revision.name is immutable; make another MeshControlPlane for another revision',
        fieldPath: '.revision',
      },
    ],
  },
);

const printerColumns: readonly PrinterColumn[] = [
  { name: 'Revision', type: 'string', description: 'The revision that runs.', jsonPath: '.status.revision' },
  { name: 'Version', type: 'string', description: 'The version that runs.', jsonPath: '.status.version' },
  { name: 'Ready', type: 'string', description: 'Whether it serves.', jsonPath: conditionPath('Ready') },
  {
    name: 'Status',
    type: 'string',
    description: 'Why it does or does not.',
    jsonPath: conditionPath('Ready', 'reason'),
  },
  {
    name: 'Upgrade',
    type: 'string',
    description: 'Where the last upgrade stands.',
    jsonPath: '.status.upgrade.progress',
  },
  { name: 'Proxies', type: 'integer', description: 'Connected sidecars.', jsonPath: '.status.proxies.connected' },
  {
    name: 'Synced',
    type: 'integer',
    description: 'Sidecars that are up to date.',
    jsonPath: '.status.proxies.synced',
    priority: 1,
  },
  { name: 'Namespace', type: 'string', description: 'Where it runs.', jsonPath: '.spec.namespace', priority: 1 },
  {
    name: 'Active',
    type: 'string',
    description: 'The MeshRevision that is active.',
    jsonPath: '.status.activeRevision',
    priority: 1,
  },
  {
    name: 'Message',
    type: 'string',
    description: 'What it waits for.',
    jsonPath: conditionPath('Ready', 'message'),
    priority: 1,
  },
  ageColumn,
];

export const meshControlPlane = defineKind({
  group: 'meltemi.dev',
  kind: 'MeshControlPlane',
  plural: 'meshcontrolplanes',
  singular: 'meshcontrolplane',
  shortNames: ['mcp'],
  categories: ['meltemi'],
  scope: 'Cluster',
  versions: [{ name: 'v1alpha1', storage: true }],
  printerColumns,
  description: 'MeshControlPlane describes a control plane of the mesh, which the operator brings up and keeps.',
  spec: withDefault(spec, {}),
  status: meshControlPlaneStatus,
  rules: [
    {
      rule: `self.metadata.name.size() <= ${String(maxRevisionLength)} && self.metadata.name.matches('${dnsLabel}')`,
      message: `metadata.name must be a DNS label of at most ${String(maxRevisionLength)} characters, since it names the revision (istiod-<name>)`,
    },
  ],
});

export type MeshControlPlane = ObjectOfKind<typeof meshControlPlane>;
export type MeshControlPlaneSpec = Infer<typeof spec>;
/** The spec as users write it, before defaults. */
export type MeshControlPlaneSpecInput = InferInput<typeof spec>;

/** The name of the revision that an object stands for. */
export function revisionName(object: Pick<MeshControlPlane, 'metadata' | 'spec'>): string {
  return object.spec.revision.name ?? object.metadata.name;
}
