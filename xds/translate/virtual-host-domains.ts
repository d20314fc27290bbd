import type { Hostname, Service } from '../model/service.ts';
import type { View } from '../model/view.ts';

/** The domain of a virtual host for a name or address; IPv6 addresses stand in brackets, as in a Host header. */
export function domainOf(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The Host headers by which the sidecars of a view reach a service, the full name first: its full name, with a closing
 * dot too, the forms that DNS search lists complete, and its addresses. Ports are left out of the comparison
 * (`ignore_port_in_host_matching`). Pods behind a headless service are reached by a name below it.
 */
export function serviceDomains(service: Service, view: View): readonly string[] {
  const names = [service.hostname, `${service.hostname}.`, ...shortNames(service, view)];
  const below = service.kind === 'headless' ? names.map((name) => `*.${name}`) : [];
  return [...names, ...below, ...service.addresses.map(domainOf)];
}

function shortNames({ hostname, name, namespace }: Service, view: View): readonly Hostname[] {
  const ofKubernetes = `${name}.${namespace}.svc`;
  if (!hostname.startsWith(`${ofKubernetes}.`)) return [];
  const everywhere = [ofKubernetes, `${name}.${namespace}`];
  return namespace === view.namespace ? [name, ...everywhere] : everywhere;
}
