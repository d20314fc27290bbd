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

/** A report that gathers the problems of one object, in the order in which they are found. */
export function problemsOf(object: string): { readonly report: Report; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  return { report: (path, message) => void problems.push({ object, path, message }), problems };
}

interface Named {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** How problems name a Kubernetes object: `<Kind>/<namespace>/<name>`. */
export function objectName(object: Named): string {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? `${object.kind}/${name}` : `${object.kind}/${namespace}/${name}`;
}
