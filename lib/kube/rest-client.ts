import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  JsonPatchOperation,
  KubeClient,
  ListOptions,
  ObjectList,
  ObjectToWrite,
  Selection,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
import { isGone, isNotFound, isNotServed } from './error.ts';
import type { KubeObject, ObjectRef } from './object.ts';
import { collectionPath, describeOperation, objectPath, requireNamespace } from './paths.ts';
import type { Query } from './paths.ts';
import { apiVersionOf } from './resources.ts';
import type { Resource } from './resources.ts';
import { requireList, requireObject } from './answers.ts';
import type { Transport, TransportRequest } from './transport.ts';
import { readWatchEvents } from './watch-stream.ts';

const DEFAULT_PAGE = 500;
export const DEFAULT_WATCH_SECONDS = 290;

/** KubeClient over HTTP. Objects are taken as the server sends them; their static types are the server's promise. */
export class RestClient implements KubeClient {
  readonly server: string;
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.server = transport.server;
    this.#transport = transport;
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.#json<T>({
        operation: describeOperation('get', resource, ref),
        method: 'GET',
        path: objectPath(resource, ref, undefined),
        repeatable: true,
        ...limits(options),
      });
    } catch (error) {
      if (isNotFound(error) && !isNotServed(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubeObject>(resource: Resource<T>, options: ListOptions<T> = {}): Promise<ObjectList<T>> {
    try {
      return await this.#listPages(resource, options, options.limit ?? DEFAULT_PAGE);
    } catch (error) {
      // The snapshot was compacted away between two pages: in one piece it cannot be.
      if (!isGone(error) || options.resourceVersion !== undefined) throw error;
      return this.#listPages(resource, options, undefined);
    }
  }

  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: ObjectToWrite,
    options: WriteOptions = {},
  ): Promise<T> {
    const { subresource } = options;
    const query = writeQuery(options);
    requireNamespace(resource, object.metadata);
    return this.#json<T>({
      operation: describeOperation('create', resource, object.metadata, subresource),
      method: 'POST',
      path:
        subresource === undefined
          ? collectionPath(resource, object.metadata.namespace, query)
          : objectPath(resource, object.metadata, subresource, query),
      body: JSON.stringify(subresource === undefined ? withKind(resource, object) : object),
      headers: { 'content-type': 'application/json' },
      repeatable: false,
      ...limits(options),
    });
  }

  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: ObjectToWrite,
    options: WriteOptions = {},
  ): Promise<T> {
    return this.#json<T>({
      operation: describeOperation('replace', resource, object.metadata, options.subresource),
      method: 'PUT',
      path: objectPath(resource, object.metadata, options.subresource, writeQuery(options)),
      body: JSON.stringify(withKind(resource, object)),
      headers: { 'content-type': 'application/json' },
      // With a resourceVersion a second try that comes after a first one that arrived would be a false conflict.
      repeatable: object.metadata.resourceVersion === undefined,
      ...limits(options),
    });
  }

  async apply<T extends KubeObject>(resource: Resource<T>, object: ObjectToWrite, options: ApplyOptions): Promise<T> {
    const query = { ...writeQuery(options), force: options.force };
    const body = JSON.stringify(withKind(resource, object));
    return this.#patch<T>('apply', 'application/apply-patch+yaml', resource, object.metadata, body, query, options);
  }

  async mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: object,
    options: WriteOptions = {},
  ): Promise<T> {
    const body = JSON.stringify(patch);
    const query = writeQuery(options);
    return this.#patch<T>('patch', 'application/merge-patch+json', resource, ref, body, query, options);
  }

  async jsonPatch<T extends KubeObject>(
    resource: Resource<T>,
    ref: ObjectRef,
    patch: readonly JsonPatchOperation[],
    options: WriteOptions = {},
  ): Promise<T> {
    const body = JSON.stringify(patch);
    const query = writeQuery(options);
    return this.#patch<T>('patch', 'application/json-patch+json', resource, ref, body, query, options);
  }

  async delete(resource: Resource, ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    const { propagationPolicy, preconditions, gracePeriodSeconds, dryRun } = options;
    try {
      await this.#json({
        operation: describeOperation('delete', resource, ref),
        method: 'DELETE',
        path: objectPath(resource, ref, undefined),
        // With a body, the API server takes no option from the query (DeleteOptions of meta/v1).
        body: JSON.stringify({
          ...{ propagationPolicy, preconditions, gracePeriodSeconds },
          ...(dryRun === true ? { dryRun: ['All'] } : {}),
        }),
        headers: { 'content-type': 'application/json' },
        repeatable: true,
        ...limits(options),
      });
      return true;
    } catch (error) {
      if (isNotFound(error) && !isNotServed(error)) return false;
      throw error;
    }
  }

  async *watch<T extends KubeObject>(resource: Resource<T>, options: WatchOptions = {}): AsyncGenerator<WatchEvent<T>> {
    const operation = describeOperation('watch', resource, { name: options.namespace ?? '' });
    const body = await this.#transport.open({
      operation,
      method: 'GET',
      path: collectionPath(resource, options.namespace, {
        watch: true,
        ...selectors(options),
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds ?? DEFAULT_WATCH_SECONDS,
        allowWatchBookmarks: options.allowWatchBookmarks ?? true,
      }),
      headers: acceptHeader(options, 'PartialObjectMetadata'),
      repeatable: true,
      signal: options.signal,
    });
    try {
      options.onOpen?.();
      yield* readWatchEvents<T>(operation, body);
    } finally {
      // Also when the consumer breaks out of its loop: the connection must not stay.
      body.destroy();
    }
  }

  raw(path: string, options: CallOptions = {}): Promise<string> {
    return this.#transport.send({
      operation: `get ${path}`,
      method: 'GET',
      path,
      headers: { accept: '*/*' },
      repeatable: true,
      ...limits(options),
    });
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #listPages<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions<T>,
    limit: number | undefined,
  ): Promise<ObjectList<T>> {
    const items: T[] = [];
    const transform = options.transform ?? ((object: T) => object);
    let token: string | undefined;
    for (;;) {
      const answer = await this.#parsed({
        operation: describeOperation('list', resource, { name: options.namespace ?? '' }),
        method: 'GET',
        path: collectionPath(resource, options.namespace, {
          ...selectors(options),
          limit,
          continue: token,
          // The continue token carries the version of the snapshot.
          resourceVersion: token === undefined ? options.resourceVersion : undefined,
        }),
        headers: acceptHeader(options, 'PartialObjectMetadataList'),
        repeatable: true,
        ...limits(options),
      });
      const operation = describeOperation('list', resource, { name: options.namespace ?? '' });
      const page = requireList<T>(operation, answer, token);
      for (const item of page.items) items.push(transform(item));
      token = page.continue;
      if (token === undefined) return { resourceVersion: page.resourceVersion, items };
    }
  }

  #patch<T extends KubeObject>(
    verb: string,
    contentType: string,
    resource: Resource,
    ref: ObjectRef,
    body: string,
    query: Query,
    options: WriteOptions,
  ): Promise<T> {
    return this.#json<T>({
      operation: describeOperation(verb, resource, ref, options.subresource),
      method: 'PATCH',
      path: objectPath(resource, ref, options.subresource, query),
      body,
      headers: { 'content-type': contentType },
      // Apply says what shall be; other patches may say what to change.
      repeatable: verb === 'apply',
      ...limits(options),
    });
  }

  async #json<T extends KubeObject>(request: TransportRequest): Promise<T> {
    return requireObject(request.operation, await this.#parsed(request)) as T;
  }

  async #parsed(request: TransportRequest): Promise<unknown> {
    const text = await this.#transport.send(request);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new Error(`${request.operation}: the answer is not JSON`, { cause });
    }
  }
}

function withKind(resource: Resource, object: ObjectToWrite): ObjectToWrite {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

function writeQuery(options: WriteOptions): Query {
  return { fieldManager: options.fieldManager, dryRun: options.dryRun === true ? 'All' : undefined };
}

function selectors(options: Selection): Query {
  return { labelSelector: options.labelSelector, fieldSelector: options.fieldSelector };
}

/** Content negotiation of metadata-only answers (Kubernetes API concepts, "Receiving resources as Tables" and below). */
function acceptHeader(options: Selection, as: string): Readonly<Record<string, string>> {
  if (options.metadataOnly !== true) return {};
  return { accept: `application/json;as=${as};g=meta.k8s.io;v=v1` };
}

function limits(options: CallOptions): Pick<TransportRequest, 'timeoutMs' | 'signal' | 'beforeSend'> {
  return {
    ...(options.beforeSend !== undefined && { beforeSend: options.beforeSend }),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
    ...(options.signal !== undefined && { signal: options.signal }),
  };
}
