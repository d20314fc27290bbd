import type { HttpMatchRequest, StringMatch } from '../../crds/virtual-service.ts';

/**
 * The matches of a delegate's rule within those of the rule that delegates: each pair of them that can hold together.
 * No match means every request. Undefined where no pair can.
 */
export function mergeMatches(
  roots: readonly HttpMatchRequest[],
  leaves: readonly HttpMatchRequest[],
): readonly HttpMatchRequest[] | undefined {
  if (roots.length === 0) return leaves;
  if (leaves.length === 0) return roots;
  const merged = roots.flatMap((root) => leaves.flatMap((leaf) => (conflict(root, leaf) ? [] : [merge(root, leaf)])));
  return merged.length === 0 ? undefined : merged;
}

/** The narrower condition of each kind, which is the leaf's. */
function merge(root: HttpMatchRequest, leaf: HttpMatchRequest): HttpMatchRequest {
  return {
    ...root,
    ...leaf,
    ...joined('headers', root, leaf),
    ...joined('withoutHeaders', root, leaf),
    ...joined('queryParams', root, leaf),
    ...joined('sourceLabels', root, leaf),
  };
}

type MapField = 'headers' | 'withoutHeaders' | 'queryParams' | 'sourceLabels';

function joined(field: MapField, root: HttpMatchRequest, leaf: HttpMatchRequest) {
  const both = { ...root[field], ...leaf[field] };
  return Object.keys(both).length === 0 ? {} : { [field]: both };
}

function conflict(root: HttpMatchRequest, leaf: HttpMatchRequest): boolean {
  return (
    different(root.port, leaf.port) ||
    different(root.sourceNamespace, leaf.sourceNamespace) ||
    (root.uri !== undefined &&
      leaf.uri !== undefined &&
      (root.ignoreUriCase ?? false) !== (leaf.ignoreUriCase ?? false)) ||
    (['uri', 'scheme', 'method', 'authority'] as const).some((field) => outside(root[field], leaf[field])) ||
    (['headers', 'withoutHeaders', 'queryParams'] as const).some((field) => anyOutside(root[field], leaf[field])) ||
    Object.entries(root.sourceLabels ?? {}).some(([key, value]) => different(value, leaf.sourceLabels?.[key]))
  );
}

/** Whether both are set, and not to the same. */
function different<T>(root: T | undefined, leaf: T | undefined): boolean {
  return Boolean(root) && Boolean(leaf) && root !== leaf;
}

type Matches = Readonly<Record<string, StringMatch>>;

function anyOutside(root: Matches = {}, leaf: Matches = {}): boolean {
  return Object.entries(root).some(([name, match]) => Object.hasOwn(leaf, name) && outside(match, leaf[name]));
}

/**
 * Whether what a leaf's condition takes is not certain to be taken by the root's: equal conditions and those that begin
 * with the root's prefix are; of regular expressions nothing is certain.
 */
function outside(root: StringMatch | undefined, leaf: StringMatch | undefined): boolean {
  if (root === undefined || leaf === undefined) return false;
  if (root.exact !== undefined) return leaf.exact !== root.exact;
  if (root.prefix !== undefined) return !(leaf.exact ?? leaf.prefix)?.startsWith(root.prefix);
  return root.regex !== undefined;
}
