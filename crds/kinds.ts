import { destinationRule } from './destination-rule.ts';
import type { KindDefinition } from './kind.ts';
import { resourceOf } from './kind.ts';
import { meshControlPlane } from './mesh-control-plane.ts';
import { meshRevision } from './mesh-revision.ts';
import { meshRevisionTag } from './mesh-revision-tag.ts';
import { peerAuthentication } from './peer-authentication.ts';
import { virtualService } from './virtual-service.ts';

/** Every kind that the chart installs. */
export const kinds: readonly KindDefinition[] = [
  meshControlPlane,
  meshRevision,
  meshRevisionTag,
  virtualService,
  destinationRule,
  peerAuthentication,
];

export const meshControlPlanes = resourceOf(meshControlPlane);
export const meshRevisions = resourceOf(meshRevision);
export const meshRevisionTags = resourceOf(meshRevisionTag);
export const virtualServices = resourceOf(virtualService);
export const destinationRules = resourceOf(destinationRule);
export const peerAuthentications = resourceOf(peerAuthentication);
