import { conforms, shapeProblems } from '../../crds/conformance.ts';
import { destinationRule } from '../../crds/destination-rule.ts';
import type { KindDefinition, KubernetesObject } from '../../crds/kind.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { peerAuthentication } from '../../crds/peer-authentication.ts';
import type { Schema } from '../../crds/schema.ts';
import { virtualService } from '../../crds/virtual-service.ts';
import type { ObjectMeta } from '../../lib/kube/object.ts';
import { validateDestinationRule } from './destination-rule.ts';
import { validateMeshControlPlane } from './mesh-control-plane.ts';
import { validatePeerAuthentication } from './peer-authentication.ts';
import type { Problem } from './problem.ts';
import { error } from './problem.ts';
import { validateVirtualService } from './virtual-service.ts';

/** An object of any kind, before anything about its spec is known. */
export interface UncheckedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
}

interface Check {
  readonly group: string;
  readonly kind: string;
  readonly run: (object: UncheckedObject) => readonly Problem[];
}

const checks: readonly Check[] = [
  checkOf(virtualService, validateVirtualService),
  checkOf(destinationRule, validateDestinationRule),
  checkOf(peerAuthentication, validatePeerAuthentication),
  checkOf(meshControlPlane, validateMeshControlPlane),
];

/** Whether there is anything to check about objects of a kind. */
export function isValidated(group: string, kind: string): boolean {
  return checks.some((check) => check.group === group && check.kind === kind);
}

/**
 * Everything that is wrong with an object of one of the mesh's kinds, of any version: first its shape, and once that is
 * right its meaning. Objects of other kinds have no problems. Defaults must have been filled in.
 */
export function validate(object: UncheckedObject): readonly Problem[] {
  const [group = ''] = object.apiVersion.split('/');
  return checks.find((check) => check.group === group && check.kind === object.kind)?.run(object) ?? [];
}

function checkOf<Spec>(
  { group, kind, spec: schema }: KindDefinition<Schema<Spec, unknown>>,
  validateMeaning: (object: KubernetesObject<Spec, never>) => readonly Problem[],
): Check {
  return {
    group,
    kind,
    run: ({ apiVersion, kind: objectKind, metadata, spec }) => {
      if (spec === undefined) return [error('spec', 'is required')];
      if (conforms(schema, spec)) return validateMeaning({ apiVersion, kind: objectKind, metadata, spec });
      return shapeProblems(schema.openapi, spec, 'spec').map(({ path, message }) => error(path, message));
    },
  };
}
