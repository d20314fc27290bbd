import type { EncodedResource } from './resource.ts';

/**
 * All resources of one type that a class of sidecars may see. Immutable, and the same object for as long as nothing
 * in it changes, so that what is worked out about a set (its differences, its bytes) is shared by all who hold it.
 */
export interface ResourceSet {
  readonly resources: ReadonlyMap<string, EncodedResource>;
  /** Equal for equal content, whatever way it came about. */
  readonly version: string;
}

export const emptySet: ResourceSet = { resources: new Map(), version: '0' };

/** What turns one set into another. */
export interface Difference {
  readonly changed: readonly EncodedResource[];
  readonly removed: readonly string[];
}

/** A set of these resources; `before` itself when nothing differs from it. */
export function resourceSet(resources: readonly EncodedResource[], before: ResourceSet = emptySet): ResourceSet {
  const byName = new Map(resources.map((resource) => [resource.name, resource]));
  const same =
    byName.size === before.resources.size &&
    [...byName.values()].every(({ name, version }) => before.resources.get(name)?.version === version);
  return same ? before : { resources: byName, version: versionOf(byName) };
}

/** The sum of the resources' hashes: order does not matter, and equal content gives an equal version. */
function versionOf(resources: ReadonlyMap<string, EncodedResource>): string {
  let sum = 0n;
  for (const { version } of resources.values()) sum += BigInt(`0x${version}`);
  return BigInt.asUintN(64, sum).toString(16);
}

const differences = new WeakMap<ResourceSet, WeakMap<ResourceSet, Difference>>();

/** The difference between two sets, worked out once for each pair. */
export function difference(before: ResourceSet, after: ResourceSet): Difference {
  let known = differences.get(after);
  if (known === undefined) differences.set(after, (known = new WeakMap()));
  let found = known.get(before);
  if (found === undefined) known.set(before, (found = computeDifference(before, after)));
  return found;
}

const nothing: Difference = { changed: [], removed: [] };

function computeDifference(before: ResourceSet, after: ResourceSet): Difference {
  if (before === after) return nothing;
  const changed: EncodedResource[] = [];
  for (const resource of after.resources.values()) {
    if (before.resources.get(resource.name)?.version !== resource.version) changed.push(resource);
  }
  const removed = [...before.resources.keys()].filter((name) => !after.resources.has(name));
  return { changed, removed };
}
