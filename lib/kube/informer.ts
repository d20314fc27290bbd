import type { Logger } from '../logger.ts';
import { counter, gauge } from '../metrics.ts';
import type { Registry } from '../metrics.ts';
import type { KubeClient, Selection, WatchEvent } from './client.ts';
import { keyOf } from './object.ts';
import type { KubeObject } from './object.ts';
import { Reflector } from './reflector.ts';
import type { ReflectorCount, ReflectorSink } from './reflector.ts';
import { apiVersionOf, resourceName } from './resources.ts';
import type { Resource } from './resources.ts';
import { ObjectStore } from './store.ts';
import type { Store } from './store.ts';

/**
 * A cache of one kind's objects that follows the API server: list, then watch, for ever. It outlives restarts of the
 * server, watches that expire (410 Gone) and hours of silence; listeners see each change of an object's
 * resourceVersion at most once, and after a gap exactly the difference.
 */
export interface Informer<T extends KubeObject> {
  readonly store: Store<T>;
  /** Starts following, until the signal aborts. Once only. */
  start(signal: AbortSignal): void;
  /** Resolves when a started informer has stopped, after its signal aborted. */
  readonly stopped: Promise<void>;
  /** True once the first list is in the store and listeners have seen it. */
  readonly hasSynced: boolean;
  /** What is followed, e.g. `services`. */
  readonly name: string;
  /** False while the API server lets no list or watch succeed: then the store is as of earlier. */
  readonly isFollowing: boolean;
  /** Resolves when `hasSynced`; rejects when the informer is stopped before. */
  synced(): Promise<void>;
  /** A listener that comes late is told of everything in the store as added. Returns a function that removes it. */
  onChange(listener: ChangeListener<T>): () => void;
}

/**
 * Called after the store has changed, in order, synchronously: do little, put a key into a queue. What a listener
 * throws is logged and disturbs nobody else.
 */
export interface ChangeListener<T extends KubeObject> {
  added?(object: T): void;
  updated?(object: T, old: T): void;
  deleted?(object: T): void;
}

export interface InformerOptions<T extends KubeObject> extends Selection {
  /** Makes objects smaller before they are stored (managedFields are always dropped); may change its argument. */
  readonly prune?: (object: T) => T;
  readonly logger: Logger;
  readonly metrics?: Registry;
}

export function createInformer<T extends KubeObject>(
  client: KubeClient,
  resource: Resource<T>,
  options: InformerOptions<T>,
): Informer<T> {
  return new ReflectorInformer(client, resource, options);
}

class ReflectorInformer<T extends KubeObject> implements Informer<T>, ReflectorSink<T> {
  readonly #store: ObjectStore<T>;
  readonly #listeners = new Set<ChangeListener<T>>();
  readonly #synced = Promise.withResolvers<undefined>();
  readonly #stopped = Promise.withResolvers<undefined>();
  readonly #client: KubeClient;
  readonly #resource: Resource<T>;
  readonly #options: InformerOptions<T>;
  readonly #apiVersion: string;
  readonly #metrics: InformerMetrics | undefined;
  #started = false;
  #hasSynced = false;
  #isFollowing = false;

  constructor(client: KubeClient, resource: Resource<T>, options: InformerOptions<T>) {
    this.#client = client;
    this.#resource = resource;
    this.#options = options;
    this.#apiVersion = apiVersionOf(resource);
    this.#store = new ObjectStore<T>((index, object, error) =>
      options.logger.error('an object cannot be indexed', { resource: resourceName(resource), object, index, error }),
    );
    this.#metrics = options.metrics && informerMetrics(options.metrics, resourceName(resource));
    // Nobody has to wait for it.
    this.#synced.promise.catch(() => undefined);
  }

  get store(): Store<T> {
    return this.#store;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get name(): string {
    return resourceName(this.#resource);
  }

  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  synced(): Promise<void> {
    return this.#synced.promise;
  }

  start(signal: AbortSignal): void {
    const name = resourceName(this.#resource);
    if (this.#started) throw new Error(`the informer of ${name} was already started`);
    this.#started = true;
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options;
    const selection = {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
      ...(metadataOnly !== undefined && { metadataOnly }),
    };
    const reflector = new Reflector(this.#client, this.#resource, selection, this, this.#options.logger);
    void reflector.run(signal).finally(() => {
      this.#synced.reject(new Error(`the informer of ${name} was stopped before its first list`));
      this.#stopped.resolve(undefined);
    });
  }

  onChange(listener: ChangeListener<T>): () => void {
    this.#listeners.add(listener);
    for (const object of this.#store.list()) this.#notify(listener, object, () => listener.added?.(object));
    return () => this.#listeners.delete(listener);
  }

  ingest(object: T): T {
    const known = this.#store.getByKey(keyOf(object));
    // A relist holds mostly what is already here; keeping that one lets the copy go page by page.
    return known !== undefined && sameVersion(known, object) ? known : this.#prune(object);
  }

  replaceAll(objects: readonly T[]): void {
    const gone = new Set(this.#store.keys());
    for (const object of objects) {
      gone.delete(keyOf(object));
      this.#put(object);
    }
    for (const key of gone) this.#remove(key, undefined);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#synced.resolve(undefined);
  }

  apply(event: Exclude<WatchEvent<T>, { type: 'BOOKMARK' }>): void {
    const object = this.#prune(event.object);
    if (event.type === 'DELETED') this.#remove(keyOf(object), object);
    else this.#put(object);
  }

  count(what: ReflectorCount): void {
    this.#metrics?.count(what);
  }

  following(isFollowing: boolean): void {
    this.#isFollowing = isFollowing;
    this.#metrics?.following(isFollowing);
  }

  #put(object: T): void {
    const known = this.#store.getByKey(keyOf(object));
    if (known !== undefined && sameVersion(known, object)) return;
    // Deleted and made again while nobody watched: these are two objects.
    if (known !== undefined && known.metadata.uid !== object.metadata.uid) this.#remove(keyOf(object), undefined);
    const old = this.#store.put(object);
    this.#metrics?.objects(this.#store.size);
    this.#each(object, (listener) => {
      if (old === undefined) return listener.added?.(object);
      return listener.updated?.(object, old);
    });
  }

  #remove(key: string, last: T | undefined): void {
    const old = this.#store.remove(key);
    if (old === undefined) return;
    this.#metrics?.objects(this.#store.size);
    this.#each(old, (listener) => listener.deleted?.(last ?? old));
  }

  #each(object: T, call: (listener: ChangeListener<T>) => unknown): void {
    for (const listener of [...this.#listeners]) this.#notify(listener, object, call);
  }

  #notify(listener: ChangeListener<T>, object: T, call: (listener: ChangeListener<T>) => unknown): void {
    const report = (error: unknown): void =>
      this.#options.logger.error('a listener failed', {
        resource: resourceName(this.#resource),
        object: keyOf(object),
        error,
      });
    try {
      const result = call(listener);
      // Nothing forbids an async function as a listener.
      if (result instanceof Promise) result.catch(report);
    } catch (error) {
      report(error);
    }
  }

  /** Items of a list come without kind and version; here all objects have them. */
  #prune(object: T): T {
    const own = object as Mutable<T>;
    own.apiVersion = this.#apiVersion;
    own.kind = this.#resource.kind;
    delete own.metadata.managedFields;
    try {
      return this.#options.prune?.(object) ?? object;
    } catch (error) {
      const resource = resourceName(this.#resource);
      this.#options.logger.error('an object cannot be pruned', { resource, object: keyOf(object), error });
      return object;
    }
  }
}

type Mutable<T extends KubeObject> = T & { apiVersion: string; kind: string; metadata: { managedFields?: unknown } };

function sameVersion(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
}

interface InformerMetrics {
  count(what: ReflectorCount): void;
  objects(number: number): void;
  following(isFollowing: boolean): void;
}

function informerMetrics(registry: Registry, resource: string): InformerMetrics {
  const happenings = counter(registry, {
    name: 'meltemi_informer_happenings_total',
    help: 'Lists, watches, events, bookmarks, errors and expired watches, by resource.',
    labelNames: ['resource', 'what'],
  });
  const objects = gauge(registry, {
    name: 'meltemi_informer_objects',
    help: 'Objects in the cache.',
    labelNames: ['resource'],
  });
  const following = gauge(registry, {
    name: 'meltemi_informer_following',
    help: 'Whether the cache follows the API server: 0 while lists or watches fail.',
    labelNames: ['resource'],
  });
  return {
    following: (isFollowing) => following.set({ resource }, isFollowing ? 1 : 0),
    count: (what) => happenings.inc({ resource, what }),
    objects: (number) => objects.set({ resource }, number),
  };
}
