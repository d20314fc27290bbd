import type { MeshControlPlane } from '../../crds/mesh-control-plane.ts';
import { revisionName } from '../../crds/mesh-control-plane.ts';
import type { MeshRevision } from '../../crds/mesh-revision.ts';
import type { MeshRevisionTag } from '../../crds/mesh-revision-tag.ts';

/** What tags are resolved by: every control plane and every revision of the cluster. */
export interface TagSurroundings {
  readonly controlPlanes: readonly MeshControlPlane[];
  readonly revisions: readonly MeshRevision[];
}

/** Where a tag leads. */
export type TagTarget =
  /** To whatever revision is active. */
  | { readonly kind: 'follows'; readonly controlPlane: string; readonly revision: string | undefined }
  /** To this MeshRevision. */
  | { readonly kind: 'pinned'; readonly controlPlane: string; readonly revision: string }
  | { readonly kind: 'refNotFound' }
  /** The name already belongs to a control plane or a revision. */
  | { readonly kind: 'nameTaken'; readonly by: string };

export function tagTarget({ metadata, spec }: MeshRevisionTag, surroundings: TagSurroundings): TagTarget {
  const by = holderOfName(metadata.name, surroundings);
  if (by !== undefined) return { kind: 'nameTaken', by };
  const { kind, name } = spec.targetRef;
  switch (kind) {
    case 'MeshControlPlane': {
      const found = surroundings.controlPlanes.find((one) => one.metadata.name === name && isStaying(one));
      if (found === undefined) return { kind: 'refNotFound' };
      return { kind: 'follows', controlPlane: name, revision: found.status?.activeRevision };
    }
    case 'MeshRevision': {
      const found = surroundings.revisions.find((one) => one.metadata.name === name && isStaying(one));
      if (found === undefined) return { kind: 'refNotFound' };
      return { kind: 'pinned', controlPlane: found.spec.controlPlane, revision: name };
    }
  }
}

/** A control plane that appears later wins, too: its name is the value of labels that may be there already. */
function holderOfName(name: string, { controlPlanes, revisions }: TagSurroundings): string | undefined {
  const controlPlane = controlPlanes.find((one) => isStaying(one) && revisionName(one) === name);
  if (controlPlane !== undefined) return `MeshControlPlane "${controlPlane.metadata.name}"`;
  const revision = revisions.find((one) => one.metadata.name === name || one.spec.revision === name);
  return revision === undefined ? undefined : `MeshRevision "${revision.metadata.name}"`;
}

function isStaying({ metadata }: MeshControlPlane | MeshRevision): boolean {
  return metadata.deletionTimestamp === undefined;
}
