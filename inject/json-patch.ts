import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../config/admission-review.ts';
import type { JsonPatchOperation } from '../lib/kube/client.ts';

/**
 * Operations (RFC 6902) that make `after` out of `before`. Objects are compared field by field; a list that differs is
 * replaced as a whole.
 */
export function jsonPatch(before: unknown, after: unknown, path = ''): readonly JsonPatchOperation[] {
  if (isDeepStrictEqual(before, after)) return [];
  if (!isJsonObject(before) || !isJsonObject(after)) return [{ op: 'replace', path, value: after }];
  const removed = Object.keys(before)
    .filter((key) => before[key] !== undefined && own(after, key) === undefined)
    .map((key) => ({ op: 'remove', path: `${path}/${escapePointer(key)}` }) as const);
  const written = Object.keys(after)
    .filter((key) => after[key] !== undefined)
    .flatMap((key) => {
      const here = `${path}/${escapePointer(key)}`;
      const old = own(before, key);
      if (old === undefined) return [{ op: 'add', path: here, value: after[key] } as const];
      return jsonPatch(old, after[key], here);
    });
  return [...removed, ...written];
}

/** Labels may be named as something that every object inherits: `constructor`, `toString`. */
function own(object: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** RFC 6901, 3. */
function escapePointer(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}
