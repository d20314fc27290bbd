import type { VirtualHost } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Problem } from '../model/problem.ts';
import type { TranslatedVirtualHost } from './virtual-host.ts';

/**
 * Virtual hosts by name, each domain in one of them only: Envoy refuses a route configuration that has a domain twice
 * (Istio counts these as `pilot_vservice_dup_domain`). A domain stays where it is the host's full name; else the first
 * host by name keeps it. A virtual host that is left without domains is left out.
 */
export function withUniqueDomains(translated: readonly TranslatedVirtualHost[]): {
  readonly virtualHosts: readonly VirtualHost[];
  readonly problems: readonly Problem[];
} {
  const sorted = [...translated].sort((a, b) => (a.virtualHost.name < b.virtualHost.name ? -1 : 1));
  const holders = new Map<string, TranslatedVirtualHost>();
  for (const it of sorted) claim(holders, it, it.virtualHost.domains.slice(0, 1));
  for (const it of sorted) claim(holders, it, it.virtualHost.domains);
  const problems: Problem[] = [];
  const virtualHosts = sorted.flatMap((it) => {
    const { name, domains } = it.virtualHost;
    const kept = domains.filter((domain) => holders.get(domain.toLowerCase()) === it);
    for (const domain of domains) {
      const holder = holders.get(domain.toLowerCase());
      if (holder !== undefined && holder !== it) problems.push(duplicateDomain(it.owner, domain, name, holder));
    }
    if (kept.length === domains.length) return [it.virtualHost];
    return kept.length === 0 ? [] : [{ ...it.virtualHost, domains: kept }];
  });
  return { virtualHosts, problems };
}

function claim(
  holders: Map<string, TranslatedVirtualHost>,
  host: TranslatedVirtualHost,
  domains: readonly string[],
): void {
  for (const domain of domains) {
    const key = domain.toLowerCase();
    if (!holders.has(key)) holders.set(key, host);
  }
}

function duplicateDomain(object: string, domain: string, name: string, holder: TranslatedVirtualHost): Problem {
  const message = `requests to ${domain} are taken by ${holder.virtualHost.name} of ${holder.owner}, not by ${name}`;
  return { object, path: object.startsWith('VirtualService/') ? 'spec.hosts' : '', message };
}
