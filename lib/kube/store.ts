import { formatKey, keyOf } from './object.ts';
import type { Key, KubeObject } from './object.ts';

/** What an informer has seen: read-only to everyone but its reflector. Objects must not be changed in place. */
export interface Store<T extends KubeObject> {
  /** `namespace` is undefined or empty for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): T | undefined;
  getByKey(key: Key): T | undefined;
  list(): readonly T[];
  readonly size: number;
  /**
   * Adds an index: `values` gives the strings under which an object is found. Throws when the name is taken. An object
   * for which `values` throws is in the store, but not in that index; this is logged.
   */
  index(name: string, values: (object: T) => readonly string[]): void;
  /** Objects under `value`, in no particular order. Throws when there is no such index. */
  byIndex(name: string, value: string): readonly T[];
}

/** Name of the index by namespace that every store has. */
export const byNamespace = 'namespace';

interface Index<T> {
  readonly name: string;
  readonly values: (object: T) => readonly string[];
  readonly keys: Map<string, Set<Key>>;
}

/** The store as its reflector sees it. */
export class ObjectStore<T extends KubeObject> implements Store<T> {
  readonly #objects = new Map<Key, T>();
  readonly #indexes = new Map<string, Index<T>>();

  readonly #onIndexError: (index: string, key: Key, error: unknown) => void;

  constructor(onIndexError: (index: string, key: Key, error: unknown) => void) {
    this.#onIndexError = onIndexError;
    this.index(byNamespace, (object) => [object.metadata.namespace ?? '']);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(formatKey(namespace, name));
  }

  getByKey(key: Key): T | undefined {
    return this.#objects.get(key);
  }

  list(): readonly T[] {
    return [...this.#objects.values()];
  }

  keys(): readonly Key[] {
    return [...this.#objects.keys()];
  }

  index(name: string, values: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new Error(`the store already has an index "${name}"`);
    const index: Index<T> = { name, values, keys: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) this.#addToIndex(index, key, object);
  }

  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`the store has no index "${name}"`);
    const found: T[] = [];
    for (const key of index.keys.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Returns what was there before. */
  put(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) this.#removeFromIndex(index, key, old);
      this.#addToIndex(index, key, object);
    }
    this.#objects.set(key, object);
    return old;
  }

  /** Returns what was there before. */
  remove(key: Key): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    for (const index of this.#indexes.values()) this.#removeFromIndex(index, key, old);
    this.#objects.delete(key);
    return old;
  }

  #addToIndex(index: Index<T>, key: Key, object: T): void {
    for (const value of this.#valuesOf(index, key, object)) {
      const keys = index.keys.get(value);
      if (keys === undefined) index.keys.set(value, new Set([key]));
      else keys.add(key);
    }
  }

  #removeFromIndex(index: Index<T>, key: Key, object: T): void {
    for (const value of this.#valuesOf(index, key, object)) {
      const keys = index.keys.get(value);
      keys?.delete(key);
      if (keys?.size === 0) index.keys.delete(value);
    }
  }

  #valuesOf(index: Index<T>, key: Key, object: T): readonly string[] {
    try {
      return index.values(object);
    } catch (error) {
      this.#onIndexError(index.name, key, error);
      return [];
    }
  }
}
