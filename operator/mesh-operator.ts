import k8sOperator, { ResourceEventType } from '@dot-i/k8s-operator';
import type { ResourceEvent, ResourceMeta } from '@dot-i/k8s-operator';
import { V1ObjectMeta } from '@kubernetes/client-node';
import { meshControlPlanes, meshRevisionTags } from '../crds/kinds.ts';
import { isConflict, isNotFound } from '../lib/kube/error.ts';
import { runController } from '../lib/kube/controller.ts';
import type { KubeObject } from '../lib/kube/object.ts';
import { collectionPath } from '../lib/kube/paths.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { namespaces, resourceName } from '../lib/kube/resources.ts';
import type { Store } from '../lib/kube/store.ts';
import type { WorkQueue } from '../lib/kube/work-queue.ts';
import { createWorkQueue } from '../lib/kube/work-queue.ts';
import type { Registry } from '../lib/metrics.ts';
import type { Caches } from './caches.ts';
import { fieldManager, finalizer } from './names.ts';
import type { ControlPlaneContext } from './reconcile/control-plane.ts';
import { finalizeControlPlane, reconcileControlPlane } from './reconcile/control-plane.ts';
import { reconcileRootCertificate } from './reconcile/root-certificates.ts';
import { reconcileTag } from './reconcile/tag.ts';
import { StaleObjectError } from './reconcile/write-status.ts';
import type { Enqueue } from './triggers.ts';
import { watchControlPlanes, watchRootCertificates, watchTags } from './triggers.ts';
import { typeOf } from './type-meta.ts';
import type { Upgrades } from './upgrade/upgrades.ts';

// The package is CommonJS: its default export is a property of what Node imports, while a test runner may unwrap it.
const Operator = 'default' in k8sOperator ? k8sOperator.default : k8sOperator;

export interface MeshOperatorContext extends ControlPlaneContext {
  readonly caches: Caches;
  readonly metrics: Registry;
  readonly upgrades?: Upgrades;
}

/** A kind that is reconciled: where its objects are, and what puts their keys into the queue. */
interface Watched {
  readonly resource: Resource;
  readonly store: Store<KubeObject>;
  readonly subscribe: (enqueue: Enqueue) => () => void;
  readonly concurrency: number;
}

/** Longest time between two tries of something that keeps failing. */
const maxBackoffMs = 60_000;

/** Until the next look at what the informer should have brought by then. */
const staleMs = 2_000;

/** Until the next look at a deleted object of which something is left. */
const lookAgainMs = 30_000;

/** Something is left of a deleted object; the change that removes it brings the next look. */
class NotGoneYet extends Error {
  override readonly name = 'NotGoneYet';
}

/**
 * The operator as `@dot-i/k8s-operator` knows one: `start`, `stop`, a handler for each kind, finalizers. What that
 * class does by itself over its own connections (a watch that ends the process, writes whose failure it hides) is
 * replaced by the informers, queues and client of `lib/kube`. So handlers are not told what happened: they get each
 * object as it is now, once for however many changes, and again with back-off when they fail.
 *
 * One instance serves one term of leadership.
 */
export class MeshOperator extends Operator {
  readonly #context: MeshOperatorContext;
  readonly #stopping = new AbortController();
  readonly #queues = new Map<string, WorkQueue>();
  readonly #running: Promise<void>[] = [];

  constructor(context: MeshOperatorContext) {
    super(context.logger);
    this.#context = context;
  }

  /** Starts, and resolves when everything has ended after `stop` or the signal. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = (): void => this.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) this.stop();
    try {
      await this.start();
      await Promise.all(this.#running);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  override stop(): void {
    this.#stopping.abort();
    super.stop();
  }

  protected override async init(): Promise<void> {
    const { group, version, plural } = meshControlPlanes;
    await this.watchResource(group, version, plural, (event) => this.#reconcileControlPlane(event));
    await this.watchResource(group, version, meshRevisionTags.plural, ({ meta }) =>
      reconcileTag(this.#context, meta.name),
    );
    await this.watchResource('', 'v1', namespaces.plural, ({ meta }) =>
      reconcileRootCertificate(this.#context, meta.name),
    );
  }

  protected override watchResource(
    group: string,
    version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
  ): Promise<void> {
    const watched = this.#watched().find(
      ({ resource }) => resource.group === group && resource.version === version && resource.plural === plural,
    );
    if (watched === undefined) return Promise.reject(new Error(`nothing watches ${plural} of ${group}/${version}`));
    this.#running.push(this.#control(watched, onEvent));
    return Promise.resolve();
  }

  #watched(): readonly Watched[] {
    const { caches, upgrades } = this.#context;
    return [
      {
        resource: meshControlPlanes,
        store: caches.controlPlanes.store,
        subscribe: (enqueue) => {
          const unsubscribes = [watchControlPlanes(caches, enqueue), upgrades?.onChange(enqueue)];
          return () => unsubscribes.forEach((unsubscribe) => unsubscribe?.());
        },
        concurrency: 2,
      },
      {
        resource: meshRevisionTags,
        store: caches.tags.store,
        subscribe: (enqueue) => watchTags(caches, enqueue),
        concurrency: 1,
      },
      {
        resource: namespaces,
        store: caches.namespaces.store,
        subscribe: (enqueue) => watchRootCertificates(caches, enqueue),
        concurrency: 8,
      },
    ];
  }

  async #control(watched: Watched, onEvent: (event: ResourceEvent) => Promise<void>): Promise<void> {
    const { logger, metrics } = this.#context;
    const name = resourceName(watched.resource);
    const queue = createWorkQueue({ name, maxDelayMs: maxBackoffMs, metrics });
    this.#queues.set(name, queue);
    const unsubscribe = watched.subscribe((key, afterMs) => {
      if (afterMs === undefined) queue.add(key);
      else queue.addAfter(key, afterMs);
    });
    const { signal } = this.#stopping;
    const reconcile = async (key: string): Promise<object> => {
      const object = watched.store.getByKey(key);
      try {
        if (object !== undefined) await onEvent(eventOf(watched.resource, object));
        return {};
      } catch (error) {
        if (!(error instanceof StaleObjectError)) throw error;
        logger.debug('looked at an old state, waiting for the newer one', { key, error });
        return { requeueAfterMs: staleMs };
      }
    };
    try {
      await runController({ name, queue, reconcile, concurrency: watched.concurrency, logger, metrics, signal });
    } finally {
      unsubscribe();
    }
  }

  async #reconcileControlPlane(event: ResourceEvent): Promise<void> {
    try {
      const isHandled = await this.handleResourceFinalizer(event, finalizer, () => this.#finalize(event));
      if (isHandled) return;
    } catch (error) {
      if (!(error instanceof NotGoneYet)) throw error;
      // The change that is waited for brings the next look; this is for the case that it was missed.
      this.#queues.get(resourceName(meshControlPlanes))?.addAfter(event.meta.name, lookAgainMs);
      return;
    }
    const { requeueAfterMs } = await reconcileControlPlane(this.#context, event.meta.name);
    if (requeueAfterMs === undefined) return;
    this.#queues.get(resourceName(meshControlPlanes))?.addAfter(event.meta.name, requeueAfterMs);
  }

  async #finalize({ meta }: ResourceEvent): Promise<void> {
    const isGone = await finalizeControlPlane(this.#context, meta.name);
    if (!isGone) throw new NotGoneYet(`${meta.kind} ${meta.name} still has objects`);
    this.#context.logger.info('everything of a deleted MeshControlPlane is gone', { controlPlane: meta.name });
  }

  protected override getCustomResourceApiUri(
    group: string,
    version: string,
    plural: string,
    namespace?: string,
  ): string {
    const namespaced = namespace !== undefined;
    const resource = { group, version, plural, kind: '', namespaced };
    return this.#context.client.server + collectionPath(resource, namespace);
  }

  /** Refused by the API server when somebody else has written meanwhile, since finalizers of others are in the list. */
  protected override async setResourceFinalizers(meta: ResourceMeta, finalizers: string[]): Promise<void> {
    const { name, resourceVersion } = meta;
    try {
      const patch = { metadata: { resourceVersion, finalizers } };
      await this.#context.client.mergePatch(meshControlPlanes, { name }, patch, { fieldManager });
    } catch (error) {
      // The informer is about to bring the newer version, and with it another try; or the object is gone.
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  protected override setResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#applyStatus(meta, status);
  }

  protected override patchResourceStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta | null> {
    return this.#applyStatus(meta, status);
  }

  async #applyStatus(meta: ResourceMeta, status: unknown): Promise<ResourceMeta> {
    const { apiVersion, kind, name } = meta;
    const object = { apiVersion, kind, metadata: { name }, status };
    const options = { fieldManager, force: true, subresource: 'status' };
    const { metadata } = await this.#context.client.apply(meshControlPlanes, object, options);
    return { ...meta, resourceVersion: metadata.resourceVersion ?? meta.resourceVersion };
  }
}

/** The object as the base class wants it: a copy, since it changes the list of finalizers in place. */
function eventOf(resource: Resource, { metadata }: KubeObject): ResourceEvent {
  const { name, resourceVersion = '', finalizers = [], deletionTimestamp } = metadata;
  const { apiVersion, kind } = typeOf(resource);
  const copy = new V1ObjectMeta();
  copy.name = name;
  copy.finalizers = [...finalizers];
  if (deletionTimestamp !== undefined) copy.deletionTimestamp = new Date(deletionTimestamp);
  return {
    type: ResourceEventType.Modified,
    meta: { id: `${resource.plural}.${apiVersion}`, name, resourceVersion, apiVersion, kind },
    object: { apiVersion, kind, metadata: copy },
  };
}
