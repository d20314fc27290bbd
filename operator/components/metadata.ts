import type { ObjectMeta } from '../../lib/kube/object.ts';
import { ownedLabels } from '../names.ts';
import type { Revision } from './revision.ts';

/** Metadata of an object in the namespace of the control plane. */
export function inNamespace(revision: Revision, name: string): ObjectMeta {
  return { ...clusterWide(revision, name), namespace: revision.namespace };
}

export function clusterWide(revision: Revision, name: string): ObjectMeta {
  return { name, labels: ownedLabels(revision.controlPlane, revision.name) };
}
