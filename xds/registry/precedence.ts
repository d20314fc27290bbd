import type { ObjectMeta } from '../../lib/kube/object.ts';
import { keyOf } from '../../lib/kube/object.ts';

/** The order in which rules win: the oldest first, then by namespace and name. */
export function byPrecedence(a: { readonly metadata: ObjectMeta }, b: { readonly metadata: ObjectMeta }): number {
  const [first, second] = [rank(a), rank(b)];
  if (first === second) return 0;
  return first < second ? -1 : 1;
}

function rank({ metadata }: { readonly metadata: ObjectMeta }): string {
  return `${metadata.creationTimestamp ?? ''}|${keyOf({ metadata })}`;
}
