import type { ResourceContent, ResourceKind } from './resource-content.ts';
import { resourceKinds } from './resource-content.ts';

export interface HeldResource extends ResourceContent {
  readonly version: string;
}

/** What a response made a sidecar ask for, or no longer. */
export interface Interest {
  readonly kind: ResourceKind;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
}

/** Clusters ask for their endpoints and listeners for their routes, each by name. */
const neededKind: Partial<Record<ResourceKind, ResourceKind>> = { cluster: 'endpoint', listener: 'route' };

/** The route configuration that a virtual host belongs to: `<route configuration>/<host>`. */
export const configOf = (virtualHost: string): string => virtualHost.slice(0, virtualHost.indexOf('/'));

/**
 * All that one sidecar holds, by the rules of Envoy's delta subscriptions: what nobody refers to any longer is
 * unsubscribed and forgotten; a virtual host counts only while its route configuration is there, and goes with it.
 */
export class HeldResources {
  readonly #held = new Map<ResourceKind, Map<string, HeldResource>>(resourceKinds.map((kind) => [kind, new Map()]));
  /** By kind and name, how many resources refer to it. */
  readonly #references = new Map<ResourceKind, Map<string, number>>();
  /** Names asked for that do not exist, in the server's own words. */
  readonly #absent = new Set<string>();

  of(kind: ResourceKind): ReadonlyMap<string, HeldResource> {
    return this.#mapOf(kind);
  }

  /** The names that resources of other kinds refer to. */
  wanted(kind: ResourceKind): readonly string[] {
    return [...(this.#references.get(kind)?.keys() ?? [])];
  }

  versions(kind: ResourceKind): Record<string, string> {
    return Object.fromEntries([...this.#mapOf(kind)].map(([name, { version }]) => [name, version]));
  }

  get usesVhds(): boolean {
    return [...this.#mapOf('route').values()].some(({ usesVhds }) => usesVhds);
  }

  /** Names that were asked for and not answered. */
  missing(): readonly string[] {
    return (['endpoint', 'route'] as const).flatMap((kind) =>
      this.wanted(kind)
        .filter((name) => !this.#mapOf(kind).has(name) && !this.#absent.has(`${kind} ${name}`))
        .map((name) => `${kind} ${name}`),
    );
  }

  /** Route configurations that Envoy would still be waiting for: they have not a single virtual host. */
  withoutHosts(): readonly string[] {
    const served = new Set([...this.#mapOf('virtualHost').keys()].map(configOf));
    return [...this.#mapOf('route').values()]
      .filter(({ name, usesVhds }) => usesVhds && !served.has(name))
      .map(({ name }) => name);
  }

  /** Takes a response in; returns what to ask for next, if anything. */
  take(kind: ResourceKind, resources: readonly HeldResource[], removed: readonly string[]): Interest | undefined {
    const next = neededKind[kind];
    const before = new Set(next === undefined ? [] : this.wanted(next));
    for (const resource of resources) if (this.#takes(kind, resource.name)) this.#put(kind, resource);
    for (const name of removed) {
      this.#drop(kind, name);
      this.#absent.add(`${kind} ${name}`);
    }
    if (next === undefined) return undefined;
    const after = new Set(this.wanted(next));
    const subscribe = [...after].filter((name) => !before.has(name));
    const unsubscribe = [...before].filter((name) => !after.has(name));
    for (const name of unsubscribe) {
      this.#drop(next, name);
      this.#absent.delete(`${next} ${name}`);
    }
    return subscribe.length + unsubscribe.length === 0 ? undefined : { kind: next, subscribe, unsubscribe };
  }

  /** Envoy leaves aside what it has not asked for. */
  #takes(kind: ResourceKind, name: string): boolean {
    if (kind === 'virtualHost') return this.#mapOf('route').get(configOf(name))?.usesVhds === true;
    return kind === 'cluster' || kind === 'listener' || this.#references.get(kind)?.has(name) === true;
  }

  #put(kind: ResourceKind, resource: HeldResource): void {
    const next = neededKind[kind];
    const map = this.#mapOf(kind);
    if (next !== undefined) {
      for (const name of resource.needs) this.#refer(next, name, 1);
      for (const name of map.get(resource.name)?.needs ?? []) this.#refer(next, name, -1);
    }
    map.set(resource.name, resource);
    this.#absent.delete(`${kind} ${resource.name}`);
  }

  #drop(kind: ResourceKind, name: string): void {
    const resource = this.#mapOf(kind).get(name);
    if (resource === undefined) return;
    this.#mapOf(kind).delete(name);
    const next = neededKind[kind];
    if (next !== undefined) for (const needed of resource.needs) this.#refer(next, needed, -1);
    if (kind !== 'route') return;
    const hosts = this.#mapOf('virtualHost');
    for (const host of [...hosts.keys()]) if (configOf(host) === name) hosts.delete(host);
  }

  #refer(kind: ResourceKind, name: string, by: 1 | -1): void {
    let counts = this.#references.get(kind);
    if (counts === undefined) this.#references.set(kind, (counts = new Map<string, number>()));
    const count = (counts.get(name) ?? 0) + by;
    if (count > 0) counts.set(name, count);
    else counts.delete(name);
  }

  #mapOf(kind: ResourceKind): Map<string, HeldResource> {
    const map = this.#held.get(kind);
    if (map === undefined) throw new Error(`there is no kind ${kind}`);
    return map;
  }
}

/** Where two sidecars' states differ, a line each; nothing when they are the same, byte for byte. */
export function differences(held: HeldResources, fresh: HeldResources): readonly string[] {
  return resourceKinds.flatMap((kind) => {
    const [first, second] = [held.of(kind), fresh.of(kind)];
    const names = new Set([...first.keys(), ...second.keys()]);
    return [...names].flatMap((name) => {
      const [one, other] = [first.get(name), second.get(name)];
      if (one === undefined) return [`${kind} ${name} is missing`];
      if (other === undefined) return [`${kind} ${name} should be gone`];
      if (one.hash !== other.hash) return [`${kind} ${name} differs (versions ${one.version} and ${other.version})`];
      return one.version === other.version
        ? []
        : [`${kind} ${name} is the same under versions ${one.version} and ${other.version}`];
    });
  });
}
