import type { Hostname } from './service.ts';

/** The host name of a Kubernetes Service: `<name>.<namespace>.svc.<cluster domain>`. */
export function serviceHostname(name: string, namespace: string, clusterDomain: string): Hostname {
  return `${name}.${namespace}.svc.${clusterDomain}`;
}

/**
 * The full host name that a user's rule means: a name without dots is a service of the rule's own namespace, anything
 * else (`reviews.other` too) stands as it is (Istio, "Virtual Service", `destination.host`). Always lower case.
 */
export function resolveHostname(host: string, namespace: string, clusterDomain: string): Hostname {
  const lower = host.toLowerCase();
  if (lower === '' || lower.includes('.') || lower.includes('*') || lower.includes(':')) return lower;
  return serviceHostname(lower, namespace, clusterDomain);
}

/** Whether a host stands for many: `*` or `*.<suffix>`. */
export function isWildcard(host: string): boolean {
  return host.startsWith('*');
}

/** Whether `host`, a name or a wildcard itself, is covered by `pattern`: the same, or a wildcard of it. */
export function hostnameMatches(pattern: string, host: Hostname): boolean {
  if (pattern === host) return true;
  return isWildcard(pattern) && host.endsWith(pattern.slice(1));
}
