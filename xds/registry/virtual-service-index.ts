import type { VirtualService } from '../../crds/virtual-service.ts';
import type { Key } from '../../lib/kube/object.ts';
import { delegatesOf, expandDelegates } from '../model/delegates.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { VirtualServicesOfHost } from '../model/mesh.ts';
import type { Problem } from '../model/problem.ts';
import type { Hostname } from '../model/service.ts';
import { hostsOf, sourceLabelTests } from '../model/virtual-services.ts';
import { HostIndex } from './host-index.ts';
import { byPrecedence } from './precedence.ts';

/** VirtualServices, with their delegates' rules put in, by the hosts that they are about. */
export class VirtualServiceIndex {
  readonly #written = new Map<Key, VirtualService>();
  readonly #expanded = new Map<Key, VirtualService>();
  readonly #problems = new WeakMap<VirtualService, readonly Problem[]>();
  readonly #byHost = new HostIndex<VirtualService>(byPrecedence);
  /** VirtualServices that have no use of these hosts, kept by host so that somebody tells what is wrong. */
  readonly #unusable = new HostIndex<VirtualService>(byPrecedence);
  /** VirtualServices that delegate to one, which may not be there. */
  readonly #rootsOf = new Map<Key, Set<Key>>();

  get(key: Key): VirtualService | undefined {
    return this.#written.get(key);
  }

  get size(): number {
    return this.#written.size;
  }

  *hosts(): Iterable<Hostname> {
    yield* this.#byHost.hosts();
    yield* this.#unusable.hosts();
  }

  about(host: Hostname): VirtualServicesOfHost {
    return {
      naming: this.#byHost.naming(host),
      covering: this.#byHost.covering(host),
      misnaming: this.#unusable.naming(host),
    };
  }

  problemsOf(virtualService: VirtualService): readonly Problem[] {
    return this.#problems.get(virtualService) ?? [];
  }

  /** The label keys that a VirtualService, its delegates' rules put in, tells clients apart by. */
  sourceLabelTests(key: Key): readonly string[] {
    const virtualService = this.#expanded.get(key);
    return virtualService === undefined ? [] : sourceLabelTests(virtualService);
  }

  /** Puts one in, or (undefined) takes it out; returns what is another one now: hosts, and the keys of VirtualServices. */
  put(key: Key, virtualService: VirtualService | undefined, settings: MeshSettings) {
    const before = this.#written.get(key);
    for (const delegate of before === undefined ? [] : delegatesOf(before)) this.#unlink(delegate, key);
    if (virtualService === undefined) this.#written.delete(key);
    else {
      this.#written.set(key, virtualService);
      for (const delegate of delegatesOf(virtualService)) this.#link(delegate, key);
    }
    const keys = [key, ...(this.#rootsOf.get(key) ?? [])];
    const hosts = new Set(keys.flatMap((changed) => this.#expand(changed, settings)));
    return { hosts: [...hosts], keys: [...new Set(keys)] };
  }

  /** Works all of them out anew, as under another domain of the cluster. */
  rebuild(settings: MeshSettings): void {
    for (const key of this.#written.keys()) this.#expand(key, settings);
  }

  #expand(key: Key, settings: MeshSettings): readonly Hostname[] {
    const written = this.#written.get(key);
    if (written === undefined) {
      this.#expanded.delete(key);
      return [...this.#byHost.delete(key), ...this.#unusable.delete(key)];
    }
    const { virtualService, problems } = expandDelegates(written, (name) => this.#written.get(name), settings);
    const { usable, unusable, problems: ofHosts } = hostsOf(written, settings);
    this.#expanded.set(key, virtualService);
    this.#problems.set(virtualService, [...ofHosts, ...problems]);
    return [
      ...this.#byHost.put(key, usable, virtualService),
      ...this.#unusable.put(key, usable.length > 0 ? [] : unusable, virtualService),
    ];
  }

  #link(delegate: Key, root: Key): void {
    const roots = this.#rootsOf.get(delegate);
    if (roots === undefined) this.#rootsOf.set(delegate, new Set([root]));
    else roots.add(root);
  }

  #unlink(delegate: Key, root: Key): void {
    const roots = this.#rootsOf.get(delegate);
    roots?.delete(root);
    if (roots?.size === 0) this.#rootsOf.delete(delegate);
  }
}
