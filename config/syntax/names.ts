/** A DNS label (RFC 1123) in either case, of 63 characters at most. */
const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
/** The first label of a wildcard: `*` alone, or `*-` before the end of a label. */
const wildcardLabel = /^\*(?:-[a-z0-9](?:[a-z0-9-]{0,59}[a-z0-9])?)?$/i;
const labelName = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/i;
const maxNameLength = 255;

export function isDnsLabel(text: string): boolean {
  return label.test(text);
}

/** Whether the text is a DNS name; labels may have either case, and one dot may end it. */
export function isDnsName(text: string): boolean {
  if (text.length === 0 || text.length > maxNameLength) return false;
  return withoutFinalDot(text).split('.').every(isDnsLabel);
}

/** Whether the text is a DNS name or a wildcard of one: `*`, `*.example.com`, `*-api.example.com`. */
export function isDnsNameOrWildcard(text: string): boolean {
  if (text.length === 0 || text.length > maxNameLength) return false;
  const [first = '', ...rest] = withoutFinalDot(text).split('.');
  return (isDnsLabel(first) || wildcardLabel.test(first)) && rest.every(isDnsLabel);
}

function withoutFinalDot(text: string): string {
  return text.endsWith('.') ? text.slice(0, -1) : text;
}

/** Whether a host stands for many: `*` or `*.<suffix>`. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** Whether `host`, a name or a wildcard itself, is covered by `pattern`: the same, or a wildcard of it. */
export function hostnameMatches(pattern: string, host: string): boolean {
  if (pattern === host) return true;
  return isWildcard(pattern) && host.endsWith(pattern.slice(1));
}

/** As {@link hostnameMatches}, for hosts in the case that a user wrote them in. */
export function covers(wide: string, narrow: string): boolean {
  return hostnameMatches(wide.toLowerCase(), narrow.toLowerCase());
}

/** Kubernetes, "Labels and Selectors", syntax of keys: `[prefix/]name`. */
export function isLabelKey(text: string): boolean {
  const [name, prefix, ...more] = text.split('/').reverse();
  if (name === undefined || more.length > 0) return false;
  return labelName.test(name) && (prefix === undefined || isDnsName(prefix));
}

/** Kubernetes, "Labels and Selectors", syntax of values. */
export function isLabelValue(text: string): boolean {
  return text === '' || labelName.test(text);
}
