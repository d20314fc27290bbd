import { formatKey } from './object.ts';
import type { ObjectRef } from './object.ts';
import { resourceName } from './resources.ts';
import type { Resource } from './resources.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** Path of a collection; of all namespaces when none is given. */
export function collectionPath(resource: Resource, namespace: string | undefined, query: Query = {}): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope =
    resource.namespaced && namespace !== undefined && namespace !== ''
      ? `/namespaces/${encodeURIComponent(namespace)}`
      : '';
  return `${root}${scope}/${resource.plural}${formatQuery(query)}`;
}

/** Path of one object, or of its subresource. Throws when a namespaced kind is addressed without a namespace. */
export function objectPath(
  resource: Resource,
  ref: ObjectRef,
  subresource: string | undefined,
  query: Query = {},
): string {
  requireNamespace(resource, ref);
  if (ref.name === '') throw new Error(`${resource.kind} needs a name`);
  const tail = subresource === undefined ? '' : `/${subresource}`;
  return `${collectionPath(resource, ref.namespace)}/${encodeURIComponent(ref.name)}${tail}${formatQuery(query)}`;
}

/** Throws when a namespaced kind is addressed without a namespace, which would be another path altogether. */
export function requireNamespace(resource: Resource, ref: ObjectRef): void {
  if (resource.namespaced && (ref.namespace === undefined || ref.namespace === '')) {
    throw new Error(`${resource.kind} ${ref.name} needs a namespace`);
  }
}

/** e.g. `apply deployments.apps/status istio-system/istiod`. */
export function describeOperation(verb: string, resource: Resource, ref: ObjectRef, subresource?: string): string {
  const what = subresource === undefined ? resourceName(resource) : `${resourceName(resource)}/${subresource}`;
  return `${verb} ${what} ${formatKey(ref.namespace, ref.name)}`.trimEnd();
}

function formatQuery(query: Query): string {
  const parts = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== false && value !== '') parts.set(name, String(value));
  }
  const text = parts.toString();
  return text === '' ? '' : `?${text}`;
}
