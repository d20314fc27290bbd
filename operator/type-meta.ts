import type { Resource } from '../lib/kube/resources.ts';
import { apiVersionOf } from '../lib/kube/resources.ts';

/** metav1.TypeMeta of a resource's objects. */
export function typeOf(resource: Resource): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind };
}
