import type { Key } from '../../lib/kube/object.ts';
import { hostnameMatches, isWildcard } from '../model/hostname.ts';
import type { Hostname } from '../model/service.ts';

/** Objects by the hosts that they are about, which may be wildcards. */
export class HostIndex<T> {
  readonly #compare: (a: T, b: T) => number;
  readonly #hostsOf = new Map<Key, readonly Hostname[]>();
  readonly #byHost = new Map<Hostname, Map<Key, T>>();
  /** Objects of a host in order, until one of them changes. */
  readonly #sorted = new Map<Hostname, readonly T[]>();
  /** The most specific (longest) first, made when first asked for after a change. */
  #wildcards: readonly Hostname[] | undefined = [];

  /** `compare` says which of two objects about one host goes first. */
  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** All hosts that some object is about, as they are written. */
  hosts(): Iterable<Hostname> {
    return this.#byHost.keys();
  }

  /** Puts an object in place of the one of the same key; returns the hosts that either is about. */
  put(key: Key, hosts: readonly Hostname[], object: T): readonly Hostname[] {
    const before = this.delete(key);
    this.#hostsOf.set(key, hosts);
    for (const host of hosts) {
      let objects = this.#byHost.get(host);
      if (objects === undefined) {
        this.#byHost.set(host, (objects = new Map<Key, T>()));
        if (isWildcard(host)) this.#wildcards = undefined;
      }
      objects.set(key, object);
      this.#sorted.delete(host);
    }
    return [...new Set([...before, ...hosts])];
  }

  /** Takes an object out; returns the hosts that it was about. */
  delete(key: Key): readonly Hostname[] {
    const hosts = this.#hostsOf.get(key) ?? [];
    this.#hostsOf.delete(key);
    for (const host of hosts) {
      const objects = this.#byHost.get(host);
      objects?.delete(key);
      this.#sorted.delete(host);
      if (objects?.size !== 0) continue;
      this.#byHost.delete(host);
      if (isWildcard(host)) this.#wildcards = undefined;
    }
    return hosts;
  }

  clear(): void {
    this.#hostsOf.clear();
    this.#byHost.clear();
    this.#sorted.clear();
    this.#wildcards = [];
  }

  /** Objects that name exactly this host, in order. */
  naming(host: Hostname): readonly T[] {
    const known = this.#sorted.get(host);
    if (known !== undefined) return known;
    const objects = this.#byHost.get(host);
    if (objects === undefined) return [];
    const sorted = [...objects.values()].sort(this.#compare);
    this.#sorted.set(host, sorted);
    return sorted;
  }

  /** Objects with a wildcard, another than the host itself, that covers it: the longest wildcard first. */
  covering(host: Hostname): readonly T[] {
    this.#wildcards ??= [...this.#byHost.keys()].filter(isWildcard).sort(bySpecificity);
    if (this.#wildcards.length === 0) return [];
    const wildcards = this.#wildcards.filter((wildcard) => wildcard !== host && hostnameMatches(wildcard, host));
    return wildcards.flatMap((wildcard) => this.naming(wildcard));
  }
}

function bySpecificity(a: string, b: string): number {
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : 1;
}
