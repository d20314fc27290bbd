/** Something in a user's object that can't take effect as written; translation goes on without it. */
export interface Problem {
  /** `<Kind>/<namespace>/<name>`, e.g. `VirtualService/default/reviews`. */
  readonly object: string;
  /** Where in the object, e.g. `spec.http[0].match[1].uri.regex`. */
  readonly path: string;
  /** What is wrong and what follows from it. */
  readonly message: string;
}

/** Takes note of a problem at a path that is relative to the part of the object being translated. */
export type Report = (path: string, message: string) => void;

/** A report whose paths are below `prefix`; `''` as a path stands for the prefix itself. */
export function within(report: Report, prefix: string): Report {
  return (path, message) => {
    report(joinPath(prefix, path), message);
  };
}

function joinPath(prefix: string, path: string): string {
  if (path === '' || path.startsWith('[')) return prefix + path;
  return `${prefix}.${path}`;
}

/** Gathers problems in the order in which they are found. */
export class ProblemList {
  readonly #problems: Problem[] = [];

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** A report of problems of one object, named as {@link objectName} does. */
  reportOn(object: string): Report {
    return (path, message) => void this.#problems.push({ object, path, message });
  }
}

/** A report on one object, and the problems that it gathers. */
export function problemsOf(object: string): { readonly report: Report; readonly problems: readonly Problem[] } {
  const list = new ProblemList();
  return { report: list.reportOn(object), problems: list.problems };
}

/** How problems name a Kubernetes object: `<Kind>/<namespace>/<name>`. The kind is given, as items of lists lack it. */
export function objectName(kind: string, metadata: { readonly name: string; readonly namespace?: string }): string {
  const { name, namespace } = metadata;
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}
