import type { KubeObject } from './object.ts';
import type { Store } from './store.ts';
import type { Selection } from './client.ts';
import type { Logger } from '../logger.ts';
import type { Registry } from '../metrics.ts';

/**
 * A cache of one kind's objects that follows the API server: list, then watch, for ever. It outlives restarts of the
 * server, watches that expire (410 Gone) and hours of silence; listeners see each change of an object's
 * resourceVersion at most once, and after a gap exactly the difference.
 */
export interface Informer<T extends KubeObject> {
  readonly store: Store<T>;
  /** Starts following, until the signal aborts. Once only. */
  start(signal: AbortSignal): void;
  /** True once the first list is in the store and listeners have seen it. */
  readonly hasSynced: boolean;
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
