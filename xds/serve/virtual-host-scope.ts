import type { EncodedResource } from '../snapshot/resource.ts';
import type { ResourceSet } from '../snapshot/resource-set.ts';

/**
 * The route configurations that a client has on a stream, and so the virtual hosts that it takes. Envoy 1.40 throws away
 * hosts of a configuration that it has not got yet, and forgets those of one that it unsubscribes from, without a word:
 * hosts go behind their configuration, and all of them whenever the configuration is newly subscribed.
 */
export class VirtualHostScope {
  readonly #configurations = new Set<string>();
  /** Configurations whose hosts the client has yet to be sent, all of them. */
  readonly #fresh = new Set<string>();
  /** Configurations that the client had not got before, and has not answered for. */
  readonly #unanswered = new Set<string>();
  /** New configurations that Envoy waits for hosts of, and their listeners with them. */
  readonly #waiting = new Set<string>();

  /** The client has been sent, or holds, a configuration; `fresh` where it has none of its hosts. */
  add(configuration: string, fresh: boolean): void {
    if (fresh) {
      this.#fresh.add(configuration);
      this.#unanswered.add(configuration);
      this.#waiting.add(configuration);
    }
    this.#configurations.add(configuration);
  }

  /** The client has taken hosts, or that there are none. */
  hostsAccepted(names: Iterable<string>): void {
    if (this.#waiting.size === 0) return;
    for (const name of names) this.#waiting.delete(configurationOf(name));
  }

  /**
   * Names to be told as removed after the client has rejected hosts: those that end the wait for hosts of configurations
   * of which it has taken none.
   */
  endsOfWait(rejected: Iterable<string>): readonly string[] {
    const configurations = new Set([...rejected].map(configurationOf));
    return [...configurations].filter((configuration) => this.#waiting.has(configuration)).map(endOfWait);
  }

  has(configuration: string): boolean {
    return this.#configurations.has(configuration);
  }

  remove(configuration: string): void {
    this.#configurations.delete(configuration);
    this.#fresh.delete(configuration);
    this.#unanswered.delete(configuration);
    this.#waiting.delete(configuration);
  }

  /** The client has taken a configuration. */
  accepted(configuration: string): void {
    this.#unanswered.delete(configuration);
    // An earlier form of it was rejected while this one was under way.
    if (!this.#configurations.has(configuration)) this.#fresh.add(configuration);
    this.#configurations.add(configuration);
  }

  /** The client has rejected a configuration: it goes on with what it had of it, or has thrown its hosts away. */
  rejected(configuration: string): void {
    if (this.#unanswered.has(configuration)) this.remove(configuration);
  }

  get hasFresh(): boolean {
    return this.#fresh.size > 0;
  }

  hasHost(name: string): boolean {
    return this.#configurations.has(configurationOf(name));
  }

  isFresh(name: string): boolean {
    return this.#fresh.has(configurationOf(name));
  }

  /** Whether the client takes all of these hosts. */
  covers(hosts: readonly EncodedResource[]): boolean {
    return hosts.every(({ name }) => this.hasHost(name));
  }

  /** Names of all hosts of the fresh configurations. */
  hostsOfFresh(hosts: ResourceSet): readonly string[] {
    return [...hosts.values()].flatMap(({ name }) => (this.isFresh(name) ? [name] : []));
  }

  /**
   * Takes the fresh configurations as sent. Returns names to be told as removed for those that have no host: Envoy waits
   * for the hosts of a new configuration, and such a removal ends the wait (an empty response does not).
   */
  takeFresh(hosts: ResourceSet): readonly string[] {
    const empty = this.#fresh.size === 0 ? [] : removalsOf(this.#fresh, hosts);
    this.#fresh.clear();
    return empty;
  }

  /**
   * The same at the beginning of a stream, for all configurations: a client that held one may not have been told before
   * its last stream ended.
   */
  takeAll(hosts: ResourceSet): readonly string[] {
    this.#fresh.clear();
    return removalsOf(this.#configurations, hosts);
  }
}

/** Names to be told as removed for those configurations that have no host. */
function removalsOf(configurations: ReadonlySet<string>, hosts: ResourceSet): readonly string[] {
  const empty = new Set(configurations);
  for (const { name } of hosts.values()) empty.delete(configurationOf(name));
  return [...empty].map(endOfWait);
}

/** A name that, told as removed, ends Envoy's wait for the hosts of a new configuration (an empty response does not). */
function endOfWait(configuration: string): string {
  return `${configuration}/`;
}

/** The route configuration of a virtual host's resource: what stands before the slash. */
function configurationOf(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? '' : name.slice(0, slash);
}
