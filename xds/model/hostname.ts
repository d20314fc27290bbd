import type { Hostname } from './service.ts';

export { hostnameMatches, isWildcard } from '../../config/syntax/names.ts';

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
