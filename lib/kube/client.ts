import type { KubeObject, ObjectRef } from './object.ts';
import { loadClusterAccess } from './credentials.ts';
import type { ClusterOptions } from './credentials.ts';
import type { Resource } from './resources.ts';
import { RestClient } from './rest-client.ts';
import { Transport } from './transport.ts';

/**
 * A client of the Kubernetes API: untyped JSON in and out, one pooled set of connections for calls and another for
 * watches. Every call rejects with `KubeError` when the server answers with an error, and is bounded by
 * `timeoutMs`. Requests are not limited on the client's side: API priority and fairness is the server's job, and its
 * 429 answers are obeyed.
 *
 * Retries: 429 (and 503 with `Retry-After`) after the time that the server names; a connection that is refused or
 * breaks for calls that can be repeated without harm. At most four times within the call's time.
 */
export interface KubeClient {
  /** The API server's base URL, for messages. */
  readonly server: string;

  /** Undefined when there is no such object. A kind that is not served at all is an error (`isNotServed`). */
  get<T extends KubeObject>(resource: Resource<T>, ref: ObjectRef, options?: CallOptions): Promise<T | undefined>;

  /** All objects, fetched in pages of `limit`; one consistent snapshot. */
  list<T extends KubeObject>(resource: Resource<T>, options?: ListOptions<T>): Promise<ObjectList<T>>;

  /** `subresource` is created under the object's name, as for `serviceaccounts/token` and `pods/eviction`. */
  create<T extends KubeObject>(resource: Resource<T>, object: ObjectToWrite, options?: WriteOptions): Promise<T>;

  /** PUT; with `metadata.resourceVersion` set, a conflict (`isConflict`) says that somebody else wrote meanwhile. */
  replace<T extends KubeObject>(resource: Resource<T>, object: ObjectToWrite, options?: WriteOptions): Promise<T>;

  /** Server-side apply: creates the object or merges the given fields into it, owned by `fieldManager`. */
  apply<T extends KubeObject>(resource: Resource<T>, object: ObjectToWrite, options: ApplyOptions): Promise<T>;

  /** RFC 7396. */
  mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options?: WriteOptions,
  ): Promise<T>;

  /** RFC 6902. */
  jsonPatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options?: WriteOptions,
  ): Promise<T>;

  /** False when the object was already absent. A failed precondition is a conflict. */
  delete(resource: Resource, ref: ObjectRef, options?: DeleteOptions): Promise<boolean>;

  /**
   * The server's watch events in order, ending when the server ends the watch (it does after `timeoutSeconds`).
   * Errors, also an ERROR event such as 410 Gone, are thrown as `KubeError`. Most callers want `createInformer`.
   */
  watch<T extends KubeObject>(resource: Resource<T>, options?: WatchOptions): AsyncGenerator<WatchEvent<T>>;

  /** GET of any path of the API server, e.g. `/version`; the body as text. */
  raw(path: string, options?: CallOptions): Promise<string>;

  /** Closes every connection; running calls fail. */
  close(): Promise<void>;
}

/** A client of the cluster that the options name. Throws an Error that says which file or context is wrong. */
export function loadKubeClient(options: ClusterOptions = {}): KubeClient {
  return new RestClient(new Transport(loadClusterAccess(options)));
}

/** Any object: a typed one, or a literal with whatever fields the kind has. */
export type ObjectToWrite = KubeObject | (KubeObject & { readonly [field: string]: unknown });

export interface CallOptions {
  /** Milliseconds for the whole call with its retries; 30,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Called at each try, right before its bytes go out, however long it had to wait for a connection. What it throws ends
   * the call: nothing is sent then.
   */
  readonly beforeSend?: () => void;
}

export interface Selection {
  /** Only this namespace; all of them when absent. */
  readonly namespace?: string;
  /** As in `kubectl -l`. */
  readonly labelSelector?: string;
  /** As in `kubectl --field-selector`. */
  readonly fieldSelector?: string;
  /** Ask for `metadata` alone (PartialObjectMetadata). */
  readonly metadataOnly?: boolean;
}

export interface ListOptions<T extends KubeObject = KubeObject> extends CallOptions, Selection {
  /** Objects a page, 500 by default. */
  readonly limit?: number;
  /** With `resourceVersion: '0'` any state that the server has cached will do. */
  readonly resourceVersion?: string;
  /** What is kept of each object: applied page by page, so that the whole never has to be in memory. */
  readonly transform?: (object: T) => T;
}

export interface ObjectList<T extends KubeObject> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

export interface WriteOptions extends CallOptions {
  readonly fieldManager?: string;
  /** e.g. `status`. */
  readonly subresource?: string;
  /** Validate and default, but store nothing. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  readonly fieldManager: string;
  /** Take over fields that another manager owns, instead of a conflict. */
  readonly force?: boolean;
}

export interface DeleteOptions extends CallOptions {
  readonly propagationPolicy?: 'Orphan' | 'Background' | 'Foreground';
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
  readonly dryRun?: boolean;
}

export interface WatchOptions extends Selection {
  /** Events after this version; without it, the server first sends every existing object as ADDED. */
  readonly resourceVersion?: string;
  /** The server ends the watch after this time, 290 s by default. */
  readonly timeoutSeconds?: number;
  /** Default true. */
  readonly allowWatchBookmarks?: boolean;
  readonly signal?: AbortSignal;
  /** Called when the server has taken the watch, before its first event. */
  readonly onOpen?: () => void;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };
