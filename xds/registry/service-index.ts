import { isIpv6 } from '../model/ip-families.ts';
import type { IpFamilies } from '../model/ip-families.ts';
import { hostnameMatches } from '../model/hostname.ts';
import { carriesLabels } from '../model/label-selector.ts';
import type { Hostname, Service } from '../model/service.ts';

/** Services by host, by address, and by what they select. */
export class ServiceIndex {
  readonly #byHost = new Map<Hostname, Service>();
  readonly #byAddress = new Map<string, Set<Service>>();
  readonly #bySelector = new Map<string, Set<Service>>();
  readonly #families = { ipv4: 0, ipv6: 0 };

  get byHost(): ReadonlyMap<Hostname, Service> {
    return this.#byHost;
  }

  /** IPv4 unless all services with an address have IPv6 only. */
  get families(): IpFamilies {
    return { ipv4: this.#families.ipv4 > 0 || this.#families.ipv6 === 0, ipv6: this.#families.ipv6 > 0 };
  }

  /** Sets or (undefined) removes the service of a host. */
  put(host: Hostname, service: Service | undefined): void {
    const before = this.#byHost.get(host);
    if (before !== undefined) {
      for (const address of before.addresses) removeFrom(this.#byAddress, address, before);
      const selector = selectorKey(before);
      if (selector !== undefined) removeFrom(this.#bySelector, selector, before);
      this.#count(before, -1);
    }
    if (service === undefined) {
      this.#byHost.delete(host);
      return;
    }
    this.#byHost.set(host, service);
    for (const address of service.addresses) addTo(this.#byAddress, address, service);
    const selector = selectorKey(service);
    if (selector !== undefined) addTo(this.#bySelector, selector, service);
    this.#count(service, 1);
  }

  clear(): void {
    for (const host of [...this.#byHost.keys()]) this.put(host, undefined);
  }

  matching(wildcard: Hostname): readonly Service[] {
    return [...this.#byHost.values()].filter(({ hostname }) => hostnameMatches(wildcard, hostname)).sort(byHost);
  }

  /** Hosts of the services of a name, whatever their namespace. */
  named(name: string): readonly Hostname[] {
    return [...this.#byHost.values()].flatMap((service) => (service.name === name ? [service.hostname] : []));
  }

  at(address: string): readonly Service[] {
    const services = this.#byAddress.get(address);
    return services === undefined ? [] : [...services].sort(byHost);
  }

  selecting(namespace: string, labels: Readonly<Record<string, string>>): readonly Service[] {
    const candidates = selectableKeys(namespace, labels).flatMap((key) => [...(this.#bySelector.get(key) ?? [])]);
    return candidates.filter(({ selector }) => carriesLabels(labels, selector)).sort(byHost);
  }

  #count({ addresses }: Service, change: 1 | -1): void {
    if (addresses.some((address) => !isIpv6(address))) this.#families.ipv4 += change;
    if (addresses.some(isIpv6)) this.#families.ipv6 += change;
  }
}

/** Under what a service is kept that selects workloads: its namespace and the first label of its selector. */
export function selectorKey({ namespace, selector }: Service): string | undefined {
  const [key] = Object.keys(selector).sort();
  return key === undefined ? undefined : labelKey(namespace, key, selector[key] ?? '');
}

/** All selector keys under which services may be that select a workload with these labels. */
export function selectableKeys(namespace: string, labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels).map(([key, value]) => labelKey(namespace, key, value));
}

function labelKey(namespace: string, key: string, value: string): string {
  return `${namespace}|${key}=${value}`;
}

function byHost(a: Service, b: Service): number {
  return a.hostname < b.hostname ? -1 : 1;
}

function addTo<V>(sets: Map<string, Set<V>>, key: string, value: V): void {
  const set = sets.get(key);
  if (set === undefined) sets.set(key, new Set([value]));
  else set.add(value);
}

function removeFrom<V>(sets: Map<string, Set<V>>, key: string, value: V): void {
  const set = sets.get(key);
  set?.delete(value);
  if (set?.size === 0) sets.delete(key);
}
