import type { Logger } from '../../lib/logger.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import type { Mesh, MeshChange } from '../model/mesh.ts';
import type { Problem } from '../model/problem.ts';
import type { Hostname } from '../model/service.ts';
import type { View } from '../model/view.ts';
import { viewKey } from '../model/view.ts';
import type { Workload } from '../model/workload.ts';
import { viewOf } from './client-view.ts';
import type { Dependent } from './dependencies.ts';
import { Dependencies } from './dependencies.ts';
import { hostResources, nothing } from './host-resources.ts';
import { ResourceSet } from './resource-set.ts';
import { SharedResults } from './shared-results.ts';
import type { PortSettings } from './view-snapshot.ts';
import { ViewSnapshot } from './view-snapshot.ts';
import { VisibleMesh } from './visible-mesh.ts';
import type { WorkloadResources } from './workload-resources.ts';
import { workloadResources } from './workload-resources.ts';

/** A mesh that tells of its changes. */
export interface ObservableMesh extends Mesh {
  /** Every host that something is known of: services', and those that rules are about. */
  hosts(): Iterable<Hostname>;
  onChange(listener: (change: MeshChange) => void): void;
}

/** How a client takes route configurations: with virtual hosts of their own (VHDS), or whole. */
export type RouteForm = 'discovering' | 'whole';

/** What one proxy sees: what it shares with all of its view, and its own. A name is in one of the two at most. */
export interface VisibleSets {
  readonly shared: ResourceSet;
  readonly own: ResourceSet;
}

/** When a change came, and when it was in the snapshot, by `performance.now()`. */
export interface News {
  readonly changedAt: number;
  readonly readyAt: number;
}

export type OnChange = (news: News) => void;

export interface OpenSnapshot {
  visible(type: ResourceType): VisibleSets;
  close(): void;
}

interface OpenView {
  readonly view: View;
  readonly snapshot: ViewSnapshot;
  readonly subscribers: Set<Subscriber>;
  readonly hosts: Map<Hostname, HostOfView>;
}

/** What a view has on account of one host. */
interface HostOfView extends Dependent {
  readonly kind: 'host';
  readonly openView: OpenView;
  readonly host: Hostname;
}

/** A proxy: which view it has, and its own part. */
interface Subscriber extends Dependent {
  readonly kind: 'proxy';
  readonly declared: Workload;
  readonly routeForm: RouteForm;
  readonly onChange: OnChange;
  readonly own: { readonly cluster: ResourceSet; readonly listener: ResourceSet };
  openView: OpenView;
  /** What its own sets were filled from. */
  resources: WorkloadResources | undefined;
}

/**
 * Keeps, for every connected proxy, the resources it should have. Each part knows what it read of the mesh; a change
 * marks those that read what is another one now, and `refresh` works out these and no others.
 */
export class SnapshotEngine {
  readonly #mesh: ObservableMesh;
  readonly #logger: Logger;
  readonly #dependencies: Dependencies;
  readonly #shared = new SharedResults();
  readonly #views = new Map<string, OpenView>();
  readonly #dirtyHosts = new Set<HostOfView>();
  readonly #dirtyProxies = new Set<Subscriber>();
  /** Hosts of which services or rules came, went or changed. */
  readonly #touchedHosts = new Set<Hostname>();
  #settingsChanged = false;
  /** Proxies whose snapshot changed since they were told last. */
  readonly #toTell = new Set<Subscriber>();
  /** Problems that the log has told of, while they last. */
  #told: ReadonlySet<string> = new Set();
  /** The open views and how often their problems changed, when the log was told last. */
  #toldState = '';

  constructor(mesh: ObservableMesh, logger: Logger) {
    this.#mesh = mesh;
    this.#logger = logger;
    this.#dependencies = new Dependencies(mesh);
    mesh.onChange((change) => this.#mark(change));
  }

  /** What is wrong with users' objects, for the views that are open. */
  get problems(): readonly Problem[] {
    const all = [...this.#views.values()].flatMap(({ snapshot }) => [...snapshot.problems.problems()]);
    return [...new Map(all.map((problem) => [JSON.stringify(problem), problem])).values()];
  }

  /** How often something was worked out, and not known from before or for others, since the start. */
  get computed(): number {
    return this.#shared.computed;
  }

  /**
   * Opens the snapshot of a workload. `declared` is what the proxy says of itself; the pod that Kubernetes knows at its
   * address, if it is of the same namespace, goes before it. `onChange` is called after `refresh` has changed it.
   */
  open(declared: Workload, onChange: OnChange, routeForm: RouteForm = 'discovering'): OpenSnapshot {
    this.#update();
    const openView = this.#openView(viewOf(this.#mesh, workloadOf(this.#mesh, declared)));
    const own = { cluster: new ResourceSet(), listener: new ResourceSet() };
    const subscriber: Subscriber = {
      kind: 'proxy',
      ...{ declared, routeForm, onChange, openView, own, resources: undefined, reads: [] },
    };
    openView.subscribers.add(subscriber);
    this.#updateProxy(subscriber);
    this.#report();
    return {
      visible: (type) => visibleTo(subscriber, type),
      close: () => this.#close(subscriber),
    };
  }

  /**
   * Brings every open snapshot up to the mesh as it is now and tells those whose snapshot changed; returns how many. What
   * cannot be worked out, which would be a fault of the translation, stays as it was, and nobody else is held up.
   * `changedAt` is when the first change came that this is about, by `performance.now()`.
   */
  refresh(changedAt = performance.now()): number {
    this.#update();
    this.#report();
    const changed = [...this.#toTell];
    this.#toTell.clear();
    const news = { changedAt, readyAt: performance.now() };
    for (const { declared, onChange } of changed) {
      const { pod, namespace } = declared;
      this.#guarded('cannot tell a proxy of its new configuration', { pod, namespace }, () => onChange(news));
    }
    return changed.length;
  }

  /** Marks those who read what is another one now. */
  #mark(change: MeshChange): void {
    for (const dependent of this.#dependencies.readersOf(change)) {
      const part = dependent as HostOfView | Subscriber; // nobody else reads
      if (part.kind === 'host') this.#dirtyHosts.add(part);
      else this.#dirtyProxies.add(part);
    }
    const { question, about } = change;
    if (question === 'settings') this.#settingsChanged = true;
    if (question === 'service' || question === 'virtualServices' || question === 'destinationRules') {
      this.#touchedHosts.add(about);
    }
  }

  /** Works out what is marked. */
  #update(): void {
    const views = [...this.#views.values()];
    const before = new Map(views.map((openView) => [openView, openView.snapshot.sequence]));
    if (this.#settingsChanged) this.#markEverything();
    for (const host of this.#touchedHosts) {
      for (const openView of views) this.#dirtyHosts.add(this.#hostOfView(openView, host));
    }
    this.#touchedHosts.clear();
    for (const part of this.#dirtyHosts) this.#updateHost(part);
    this.#dirtyHosts.clear();
    for (const { snapshot } of views) snapshot.finish();
    for (const [openView, sequence] of before) {
      if (openView.snapshot.sequence === sequence) continue;
      for (const subscriber of openView.subscribers) this.#toTell.add(subscriber);
    }
    for (const subscriber of this.#dirtyProxies) {
      if (this.#updateProxy(subscriber)) this.#toTell.add(subscriber);
    }
    this.#dirtyProxies.clear();
  }

  #markEverything(): void {
    this.#settingsChanged = false;
    for (const host of this.#mesh.hosts()) this.#touchedHosts.add(host);
    for (const { snapshot, hosts, subscribers } of this.#views.values()) {
      snapshot.setPortSettings(portSettings(this.#mesh));
      for (const part of hosts.values()) this.#dirtyHosts.add(part);
      for (const subscriber of subscribers) this.#dirtyProxies.add(subscriber);
    }
  }

  #hostOfView(openView: OpenView, host: Hostname): HostOfView {
    let part = openView.hosts.get(host);
    if (part === undefined) openView.hosts.set(host, (part = { kind: 'host', openView, host, reads: [] }));
    return part;
  }

  #updateHost(part: HostOfView): void {
    const { openView, host } = part;
    const { view, snapshot, hosts } = openView;
    const message = 'cannot work out the configuration of a host; it stays as it is';
    this.#guarded(message, { host, view }, () => {
      const visible = new VisibleMesh(this.#dependencies.track(part), view, this.#shared);
      const resources = hostResources(visible, host);
      snapshot.update(host, resources);
      if (resources !== nothing) return;
      // Should there be something of it again, its service or a rule that names it will have changed.
      this.#dependencies.forget(part);
      hosts.delete(host);
    });
  }

  /** Returns whether the proxy's snapshot is another one now. */
  #updateProxy(subscriber: Subscriber): boolean {
    const { declared, openView, own } = subscriber;
    const { pod, namespace } = declared;
    const sequence = own.cluster.sequence + own.listener.sequence;
    this.#guarded('cannot work out the configuration of a proxy; it stays as it is', { pod, namespace }, () => {
      const mesh = this.#dependencies.track(subscriber);
      const workload = workloadOf(mesh, declared);
      const view = viewOf(mesh, workload);
      if (viewKey(view) !== viewKey(openView.view)) {
        subscriber.openView = this.#openView(view);
        subscriber.openView.subscribers.add(subscriber);
        this.#leave(openView, subscriber);
      }
      const resources = workloadResources(mesh, workload, this.#shared);
      if (resources === subscriber.resources) return;
      own.cluster.replaceAll(resources.clusters);
      own.listener.replaceAll(resources.listeners);
      subscriber.resources = resources;
    });
    return subscriber.openView !== openView || own.cluster.sequence + own.listener.sequence !== sequence;
  }

  #guarded(message: string, fields: object, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#logger.error(message, { ...fields, error });
    }
  }

  #openView(view: View): OpenView {
    const key = viewKey(view);
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const snapshot = new ViewSnapshot(portSettings(this.#mesh));
    const opened: OpenView = { view, snapshot, subscribers: new Set(), hosts: new Map() };
    for (const host of this.#mesh.hosts()) this.#updateHost(this.#hostOfView(opened, host));
    snapshot.finish();
    this.#views.set(key, opened);
    return opened;
  }

  #close(subscriber: Subscriber): void {
    this.#dependencies.forget(subscriber);
    this.#dirtyProxies.delete(subscriber);
    this.#toTell.delete(subscriber);
    this.#leave(subscriber.openView, subscriber);
  }

  #leave(openView: OpenView, subscriber: Subscriber): void {
    openView.subscribers.delete(subscriber);
    const key = viewKey(openView.view);
    // Another view of that key may have been opened since this one was left by its last.
    if (openView.subscribers.size > 0 || this.#views.get(key) !== openView) return;
    this.#views.delete(key);
    for (const part of openView.hosts.values()) {
      this.#dependencies.forget(part);
      this.#dirtyHosts.delete(part);
    }
  }

  /** Tells the log of problems that are new; costs nothing while none came or went. */
  #report(): void {
    const state = [...this.#views].map(([key, { snapshot }]) => `${key} ${snapshot.problems.sequence}`).join();
    if (state === this.#toldState) return;
    this.#toldState = state;
    const problems = new Map(this.problems.map((problem) => [JSON.stringify(problem), problem]));
    for (const [key, problem] of problems) {
      if (!this.#told.has(key)) this.#logger.warn('configuration is not used as written', { ...problem });
    }
    this.#told = new Set(problems.keys());
  }
}

const empty = new ResourceSet();

function visibleTo({ openView: { snapshot }, own, routeForm }: Subscriber, type: ResourceType): VisibleSets {
  const mine = type === 'cluster' || type === 'listener' ? own[type] : empty;
  if (routeForm === 'discovering') return { shared: snapshot.sets[type], own: mine };
  if (type === 'virtualHost') return { shared: empty, own: empty };
  return { shared: type === 'route' ? snapshot.wholeRoutes() : snapshot.sets[type], own: mine };
}

function workloadOf(mesh: Mesh, declared: Workload): Workload {
  const found = declared.addresses.map((address) => mesh.workload(address)).find((it) => it !== undefined);
  return found?.namespace === declared.namespace ? found : declared;
}

function portSettings({ settings, serviceFamilies: families }: Mesh): PortSettings {
  return { settings, families };
}
