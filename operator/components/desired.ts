import type { KubeObject, ObjectMeta } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { stampApplied } from '../../lib/kube/subset.ts';
import { typeOf } from '../type-meta.ts';

/** An object as it has to be: exactly the fields that the operator owns. */
export interface DesiredObject {
  readonly resource: Resource;
  readonly object: KubeObject & Readonly<Record<string, unknown>>;
}

/** Completes an object with its kind, and with the digest of all that is wished of it. */
export function desired(
  resource: Resource,
  metadata: ObjectMeta,
  fields: Readonly<Record<string, unknown>> = {},
): DesiredObject {
  return { resource, object: stampApplied({ ...typeOf(resource), metadata, ...fields }) };
}

/** `Deployment istio-system/istiod`, for messages. */
export function nameOf({ resource, object }: { readonly resource: Resource; readonly object: KubeObject }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? `${resource.kind} ${name}` : `${resource.kind} ${namespace}/${name}`;
}
