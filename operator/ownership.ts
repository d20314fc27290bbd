import type { KubeObject } from '../lib/kube/object.ts';
import { appliedHashAnnotation } from '../lib/kube/subset.ts';
import { labelKeys, managedBy } from './names.ts';

/** Whether the operator made an object; one of its marks is enough, since somebody may have taken the others away. */
export function isOurs({ metadata: { labels, annotations } }: KubeObject): boolean {
  return (
    labels?.[labelKeys.managedBy] === managedBy ||
    labels?.[labelKeys.controlPlane] !== undefined ||
    annotations?.[appliedHashAnnotation] !== undefined
  );
}

/** The MeshControlPlane that an object belongs to, by its label. */
export function controlPlaneOf({ metadata: { labels } }: KubeObject): string | undefined {
  return labels?.[labelKeys.controlPlane];
}
