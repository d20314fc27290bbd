import type { KubeObject } from './object.ts';

/** One page of a list. */
export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** The token of the next page; undefined on the last. */
  readonly continue: string | undefined;
}

/** The answer as an object with metadata, which all that the API server says of objects has. Throws an Error else. */
export function requireObject(operation: string, answer: unknown): KubeObject {
  if (isKubeObject(answer)) return answer;
  throw new Error(`${operation}: the answer is no Kubernetes object`);
}

/**
 * The answer as a page of a list. What lacks the marks of one throws an Error: it came from something in between, and
 * taken for an empty list it would have everything deleted. `token` is that of the page that was asked for.
 */
export function requireList<T extends KubeObject>(
  operation: string,
  answer: unknown,
  token: string | undefined,
): ListPage<T> {
  if (!isRecord(answer) || !isRecord(answer['metadata'])) throw noList(operation, 'it has no metadata');
  const { kind, items, metadata } = answer;
  const { resourceVersion, continue: next = '' } = metadata;
  if (kind !== undefined && !(typeof kind === 'string' && kind.endsWith('List'))) {
    throw noList(operation, 'its kind is another');
  }
  if (typeof resourceVersion !== 'string' || resourceVersion === '') throw noList(operation, 'it has no version');
  if (typeof next !== 'string') throw noList(operation, 'its token is no text');
  if (next !== '' && next === token) throw noList(operation, 'its next page is the same');
  // Go writes an empty slice as null.
  if (items !== null && !(Array.isArray(items) && items.every(hasName))) throw noList(operation, 'it has no items');
  return { items: (items ?? []) as readonly T[], resourceVersion, continue: next === '' ? undefined : next };
}

function noList(operation: string, why: string): Error {
  return new Error(`${operation}: the answer is no list: ${why}`);
}

/** An answer may lack the name: one to a review does, and a Status. */
function isKubeObject(value: unknown): value is KubeObject {
  return isRecord(value) && isRecord(value['metadata']);
}

function hasName(value: unknown): boolean {
  return isRecord(value) && isRecord(value['metadata']) && typeof value['metadata']['name'] === 'string';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
