import type { Logger } from '../../lib/logger.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { sendOrder } from '../envoy/type-urls.ts';
import type { Mesh } from '../model/mesh.ts';
import type { Problem } from '../model/problem.ts';
import type { Service } from '../model/service.ts';
import type { View } from '../model/view.ts';
import { viewKey } from '../model/view.ts';
import type { Workload } from '../model/workload.ts';
import { viewOf } from './client-view.ts';
import { Memo } from './memo.ts';
import type { EncodedResource } from './resource.ts';
import type { ResourceSet } from './resource-set.ts';
import { emptySet, resourceSet } from './resource-set.ts';
import { viewResources } from './view-resources.ts';
import { workloadResources } from './workload-resources.ts';

export type ResourcesByType = Readonly<Record<ResourceType, readonly EncodedResource[]>>;
export type SetsByType = Readonly<Record<ResourceType, ResourceSet>>;

const emptySets: SetsByType = { cluster: emptySet, endpoint: emptySet, listener: emptySet, route: emptySet };

interface OpenView {
  readonly view: View;
  sets: SetsByType;
  /** What is wrong with users' objects as this view sees them. */
  problems: readonly Problem[];
  readonly subscribers: Set<Subscriber>;
}

interface Subscriber {
  readonly declared: Workload;
  readonly onChange: () => void;
  openView: OpenView;
  own: SetsByType;
}

/** What one proxy sees: the sets of its view and its own. */
export interface OpenSnapshot {
  visible(type: ResourceType): { readonly shared: ResourceSet; readonly own: ResourceSet };
  close(): void;
}

/**
 * Keeps, for every connected proxy, the resources it should have. Views are computed once for all proxies that share
 * them; what neither a view nor a workload changed in keeps its identity, so that nobody is told of it.
 */
export class SnapshotEngine {
  readonly #mesh: Mesh;
  readonly #logger: Logger;
  readonly #memo = new Memo();
  readonly #views = new Map<string, OpenView>();
  #problems: readonly Problem[] = [];

  constructor(mesh: Mesh, logger: Logger) {
    this.#mesh = mesh;
    this.#logger = logger;
  }

  /** What is wrong with users' objects, for the views that are open. */
  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /**
   * Opens the snapshot of a workload. `declared` is what the proxy says of itself; the pod that Kubernetes knows at its
   * address, if it is of the same namespace, goes before it. `onChange` is called after `refresh` has changed it.
   */
  open(declared: Workload, onChange: () => void): OpenSnapshot {
    const workload = this.#workloadOf(declared);
    const own = this.#ownSets(workload, this.#servicesByNamespace(), emptySets);
    const openView = this.#openView(viewOf(this.#mesh, workload, this.#memo));
    const subscriber: Subscriber = { declared, onChange, openView, own };
    openView.subscribers.add(subscriber);
    this.#report();
    return {
      visible: (type) => ({ shared: subscriber.openView.sets[type], own: subscriber.own[type] }),
      close: () => this.#leave(subscriber.openView, subscriber),
    };
  }

  /**
   * Brings every open snapshot up to the mesh as it is now and tells those whose snapshot changed. What cannot be
   * worked out, which would be a fault of the translation, stays as it was, and nobody else is held up.
   */
  refresh(): void {
    const changed = new Set<Subscriber>();
    const interned = this.#internedSets();
    for (const openView of this.#views.values()) {
      this.#guarded('cannot work out the configuration of a namespace; it stays as it is', openView.view, () => {
        if (!this.#refreshView(openView, interned)) return;
        for (const subscriber of openView.subscribers) changed.add(subscriber);
      });
    }
    const services = this.#servicesByNamespace();
    for (const subscriber of [...this.#views.values()].flatMap(({ subscribers }) => [...subscribers])) {
      const { pod, namespace } = subscriber.declared;
      this.#guarded('cannot work out the configuration of a proxy; it stays as it is', { pod, namespace }, () => {
        if (this.#refreshWorkload(subscriber, services)) changed.add(subscriber);
      });
    }
    this.#memo.sweep();
    this.#report();
    for (const { declared, onChange } of changed) {
      const { pod, namespace } = declared;
      this.#guarded('cannot tell a proxy of its new configuration', { pod, namespace }, onChange);
    }
  }

  #refreshView(openView: OpenView, interned: Map<string, ResourceSet>): boolean {
    const { resources, problems } = viewResources(this.#mesh, openView.view, this.#memo);
    const sets = mapTypes((type) => intern(interned, resourceSet(resources[type], openView.sets[type])));
    openView.problems = problems;
    if (sendOrder.every((type) => sets[type] === openView.sets[type])) return false;
    openView.sets = sets;
    return true;
  }

  #refreshWorkload(subscriber: Subscriber, services: ReadonlyMap<string, readonly Service[]>): boolean {
    const { openView, own } = subscriber;
    const workload = this.#workloadOf(subscriber.declared);
    const view = viewOf(this.#mesh, workload, this.#memo);
    if (viewKey(view) !== viewKey(openView.view)) {
      subscriber.openView = this.#openView(view);
      subscriber.openView.subscribers.add(subscriber);
      this.#leave(openView, subscriber);
    }
    subscriber.own = this.#ownSets(workload, services, own);
    return sendOrder.some(
      (type) => subscriber.own[type] !== own[type] || subscriber.openView.sets[type] !== openView.sets[type],
    );
  }

  #guarded(message: string, fields: object, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#logger.error(message, { ...fields, error });
    }
  }

  #workloadOf(declared: Workload): Workload {
    const found = declared.addresses.map((address) => this.#mesh.workloads.get(address)).find((it) => it !== undefined);
    return found?.namespace === declared.namespace ? found : declared;
  }

  #openView(view: View): OpenView {
    const key = viewKey(view);
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const { resources, problems } = viewResources(this.#mesh, view, this.#memo);
    const interned = this.#internedSets();
    const sets = mapTypes((type) => intern(interned, resourceSet(resources[type])));
    const opened: OpenView = { view, sets, problems, subscribers: new Set() };
    this.#views.set(key, opened);
    return opened;
  }

  #internedSets(): Map<string, ResourceSet> {
    const views = [...this.#views.values()];
    return new Map(views.flatMap(({ sets }) => sendOrder.map((type) => [sets[type].version, sets[type]])));
  }

  #leave(openView: OpenView, subscriber: Subscriber): void {
    openView.subscribers.delete(subscriber);
    const key = viewKey(openView.view);
    // Another view of that key may have been opened since this one was left by its last.
    if (openView.subscribers.size === 0 && this.#views.get(key) === openView) this.#views.delete(key);
  }

  #ownSets(workload: Workload, services: ReadonlyMap<string, readonly Service[]>, before: SetsByType): SetsByType {
    const resources = workloadResources(this.#mesh, workload, services.get(workload.namespace) ?? [], this.#memo);
    return mapTypes((type) => resourceSet(resources[type], before[type]));
  }

  #servicesByNamespace(): ReadonlyMap<string, readonly Service[]> {
    return Map.groupBy(this.#mesh.services.values(), ({ namespace }) => namespace);
  }

  #report(): void {
    const known = new Set(this.#problems.map((problem) => JSON.stringify(problem)));
    const problems = new Map<string, Problem>();
    for (const { problems: found } of this.#views.values()) {
      for (const problem of found) problems.set(JSON.stringify(problem), problem);
    }
    for (const [key, problem] of problems) {
      if (!known.has(key)) this.#logger.warn('configuration is not used as written', { ...problem });
    }
    this.#problems = [...problems.values()];
  }
}

function mapTypes<T>(value: (type: ResourceType) => T): Readonly<Record<ResourceType, T>> {
  return {
    cluster: value('cluster'),
    endpoint: value('endpoint'),
    listener: value('listener'),
    route: value('route'),
  };
}

/** Views with equal content share one set, and with it all that is worked out about it. */
function intern(known: Map<string, ResourceSet>, set: ResourceSet): ResourceSet {
  const found = known.get(set.version);
  if (found !== undefined) return found;
  known.set(set.version, set);
  return set;
}
