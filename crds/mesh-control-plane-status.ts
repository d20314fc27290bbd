import { condition } from './kubernetes-fields.ts';
import { upgradeStatus } from './mesh-upgrade.ts';
import type { Infer } from './schema.ts';
import { array, boolean, integer, object, required, string } from './schema.ts';

const count = (description: string) => integer(description, { format: 'int32', minimum: 0 });

const component = object('A part of the control plane.', {
  kind: required(string('Kind of the object.')),
  name: required(string('Name of the object.')),
  ready: required(boolean('Whether it is as it should be.')),
  desired: count('Pods that there should be.'),
  updated: count('Pods that run the newest template.'),
  available: count('Pods that serve.'),
  message: string('What it waits for, with the words of the pod that fails.', { maxLength: 4096 }),
});

export const meshControlPlaneStatus = object('What the operator made of the object.', {
  observedGeneration: integer('The generation of the object that the status is about.', {
    format: 'int64',
    minimum: 0,
  }),
  conditions: array('One entry for each aspect: Reconciled, Ready, Progressing, Degraded.', condition, {
    mapKeys: ['type'],
  }),
  revision: string('The revision that runs.'),
  version: string('The version that runs.'),
  activeRevision: string('The MeshRevision that the name of the control plane leads to.'),
  revisions: object('The MeshRevisions of the control plane.', {
    total: required(count('How many there are.')),
    ready: required(count('How many of them serve.')),
    inUse: required(count('How many of them are needed.')),
  }),
  components: array('The parts of the control plane.', component, { mapKeys: ['kind', 'name'] }),
  proxies: object('The sidecars that are connected to the control plane.', {
    connected: required(count('How many are connected.')),
    synced: required(count('How many of them have acknowledged all that they were sent.')),
  }),
  upgrade: upgradeStatus,
});

export type MeshControlPlaneStatus = Infer<typeof meshControlPlaneStatus>;
export type ComponentStatus = Infer<typeof component>;
