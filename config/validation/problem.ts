/** Something about an object of a user that cannot work (error) or will not do what it seems to (warning). */
export interface Problem {
  /** Where in the object, e.g. `spec.http[0].route[1].weight`. */
  readonly path: string;
  /** What is wrong, to be read after the path: `must not be negative, is -5`. */
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

/** Problems one by one; checks are generators, so that they can be put together by `yield*`. */
export type Problems = Generator<Problem, void, undefined>;

export function error(path: string, message: string): Problem {
  return { path, message, severity: 'error' };
}

export function warning(path: string, message: string): Problem {
  return { path, message, severity: 'warning' };
}

/** Checks each item of a list that may be missing, with its path. */
export function* each<T>(
  items: readonly T[] | undefined,
  path: string,
  check: (item: T, path: string, index: number) => Iterable<Problem>,
): Problems {
  for (const [index, item] of (items ?? []).entries()) yield* check(item, `${path}[${index}]`, index);
}

/** Reports each value that stands in the list a second time. */
export function* duplicates(values: readonly string[] | undefined, path: string, what: string): Problems {
  const seen = new Set<string>();
  for (const [index, value] of (values ?? []).entries()) {
    if (seen.has(value)) yield error(`${path}[${index}]`, `${what} "${value}" stands here twice`);
    seen.add(value);
  }
}
