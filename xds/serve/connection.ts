import type { Logger } from '../../lib/logger.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { resourceTypeOf, sendOrder, shortNames } from '../envoy/type-urls.ts';
import type { Proxy } from './proxy.ts';
import type { EncodedResource } from '../snapshot/resource.ts';
import type { News, VisibleSets } from '../snapshot/snapshot-engine.ts';
import type { MessageParts } from './responses.ts';
import { deltaResponse, sotwResponse } from './responses.ts';
import type { ServeMetrics } from './serve-metrics.ts';
import type { Update } from './subscription.ts';
import { Subscription } from './subscription.ts';
import { VirtualHostScope } from './virtual-host-scope.ts';

/** A request of either protocol, reduced to what decides. */
export interface DiscoveryEvent {
  readonly typeUrl: string;
  /** Nonce of the response that this request answers; empty for a request that answers none. */
  readonly nonce: string;
  /** Envoy's words where it rejects that response. */
  readonly error?: string;
  /** Delta: names (un)subscribed from now on. State of the world: `subscribe` holds all names. */
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Delta, first request of a type: versions that the client still holds. */
  readonly held: ReadonlyMap<string, string>;
}

export interface ConnectionOptions {
  readonly id: string;
  readonly proxy: Proxy;
  readonly protocol: 'delta' | 'sotw';
  /** What the proxy may see now. */
  readonly visible: (type: ResourceType) => VisibleSets;
  /** Writes a response; false when the stream is full until `drained` is called. */
  readonly write: (response: MessageParts) => boolean;
  /** Told of an error of what the connection does by itself, later; the stream can't be relied on any more. */
  readonly onFault: (error: unknown) => void;
  readonly logger: Logger;
  readonly metrics: ServeMetrics;
}

/**
 * One proxy's stream. Changes are never queued: a type that waits for the client's answer, or a stream that is full,
 * is looked at again later and then gets the newest state at once.
 */
export class Connection {
  readonly id: string;
  readonly proxy: Proxy;
  readonly protocol: 'delta' | 'sotw';
  readonly connectedAt = new Date();
  readonly subscriptions = new Map<ResourceType, Subscription>();
  readonly #options: ConnectionOptions;
  #full = false;
  #nonce = 0;
  /** Delta: the route configurations that the client has got, whose virtual hosts it takes. */
  readonly #scope = new VirtualHostScope();
  /** First requests of a client that goes on from another stream, to be answered once the clusters are there. */
  readonly #deferred = new Map<ResourceType, DiscoveryEvent>();
  /** Names of routes that the client has asked for and that go behind clusters; all names, in a state of the world. */
  #askedRoutes: ReadonlySet<string> | undefined;
  /** When the first clusters were sent that the client has not answered for, by `performance.now()`. */
  #clustersSentAt: number | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** When the first change came that the client has not been sent all of, by `performance.now()`. */
  #changedAt: number | undefined;
  /** Whether the client goes on from another stream. */
  #resumes = false;
  /** Clusters that were changed since their endpoints were sent: Envoy warms them anew and waits for endpoints. */
  readonly #warming = new Set<string>();
  /** Clusters that are gone, of which the client is told once it has got everything that may have used them. */
  readonly #leaving = new Set<string>();

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.proxy = options.proxy;
    this.protocol = options.protocol;
    this.#options = options;
  }

  /** What the proxy should have now. */
  *resources(type: ResourceType): Iterable<EncodedResource> {
    const { shared, own } = this.#options.visible(type);
    yield* shared.values();
    yield* own.values();
  }

  /** Gives back what it holds of others'. */
  close(): void {
    clearTimeout(this.#patience);
    for (const subscription of this.subscriptions.values()) subscription.close();
  }

  /** Takes a request in and sends what it asks for. Throws {@link RequestError} for one that no client has reason for. */
  receive(event: DiscoveryEvent): void {
    const type = resourceTypeOf(event.typeUrl);
    if (type === undefined) return; // Envoy asks for types that istiod has nothing of; silence is the protocol's answer.
    let subscription = this.subscriptions.get(type);
    const first = subscription === undefined;
    if (subscription === undefined) {
      const scope = type === 'virtualHost' && this.protocol === 'delta' ? this.#scope : undefined;
      this.subscriptions.set(type, (subscription = new Subscription(type, scope)));
    }
    if (event.subscribe.length + event.held.size > maxNames || this.#nameCount(subscription) > maxNames) {
      throw new RequestError(`more than ${String(maxNames)} names of type ${shortNames[type]} are not served`);
    }
    const fresh = event.nonce !== '' && this.#acknowledged(subscription, event);
    if (this.protocol === 'delta') this.#receiveDelta(subscription, first, event);
    else this.#receiveSotw(subscription, first, event, fresh);
    this.flush();
  }

  /** What the proxy may see has changed. */
  changed({ changedAt, readyAt }: News): void {
    this.#changedAt ??= changedAt;
    this.#options.metrics.dequeued((performance.now() - readyAt) / 1000);
    this.flush();
  }

  /**
   * Sends what has changed, as far as the client and the stream are ready for it. What may use a change that can't be
   * sent yet waits with it. Endpoints don't: Envoy answers for clusters only once it has the endpoints of all of them.
   */
  flush(): void {
    let upToDate = true;
    for (const type of sendOrder) {
      const subscription = this.subscriptions.get(type);
      if (subscription === undefined) continue;
      if (this.#full) return;
      if (usesClusters.has(type) && this.#awaitsClusters()) upToDate = false;
      if (!upToDate && type !== 'endpoint') continue;
      const update = this.#takeDeferred(subscription) ?? this.#takeAsked(subscription) ?? this.#update(subscription);
      if (update !== undefined) this.#sendInOrder(subscription, update);
      if (!isReady(subscription) && subscription.isBehind(this.#options.visible(type))) upToDate = false;
    }
    if (!upToDate || this.#deferred.size > 0 || this.#awaitsClusters()) return;
    this.#sendLeaving();
    if (this.#changedAt === undefined) return;
    this.#options.metrics.converged((performance.now() - this.#changedAt) / 1000);
    this.#changedAt = undefined;
  }

  /**
   * Whether the client is still taking clusters in, which Envoy answers for once they are warm. Nothing that may use them
   * is sent meanwhile, but for no longer than it takes to look up a name: one slow cluster must not hold up all routes.
   */
  #awaitsClusters(): boolean {
    const clusters = this.subscriptions.get('cluster');
    if (clusters === undefined || clusters.settled || this.#clustersSentAt === undefined) return false;
    const left = this.#clustersSentAt + clusterPatienceMs - performance.now();
    if (left <= 0) return false;
    this.#patience ??= setTimeout(() => {
      this.#patience = undefined;
      try {
        this.flush();
      } catch (error) {
        this.#options.onFault(error);
      }
    }, left).unref();
    return true;
  }

  /** The answer to a first request that had to wait for clusters. */
  #takeDeferred(subscription: Subscription): Update | undefined {
    const event = this.#deferred.get(subscription.type);
    if (event === undefined) return undefined;
    this.#deferred.delete(subscription.type);
    return this.#start(subscription, event);
  }

  /** The answer to names of routes that the client has asked for since. */
  #takeAsked(subscription: Subscription): Update | undefined {
    const names = subscription.type === 'route' ? this.#askedRoutes : undefined;
    if (names === undefined) return undefined;
    this.#askedRoutes = undefined;
    const now = this.#options.visible('route');
    if (this.protocol === 'delta') return subscription.changeDelta([...names], [], now);
    return subscription.changeSotw([...names], now);
  }

  /** Make before break: routes stop using a cluster before it goes. */
  #sendInOrder(subscription: Subscription, update: Update, evenIfEmpty = false): void {
    if (subscription.type !== 'cluster') return this.#send(subscription, update);
    for (const name of update.removed) this.#leaving.add(name);
    if (this.protocol === 'delta') {
      for (const { name } of update.resources) this.#leaving.delete(name);
      if (update.resources.length > 0 || evenIfEmpty) this.#send(subscription, { ...update, removed: [] });
    } else if (update.changed?.length !== 0) {
      // A state of the world has to say it all at once.
      this.#leaving.clear();
      this.#send(subscription, update);
    }
  }

  #sendLeaving(): void {
    const subscription = this.subscriptions.get('cluster');
    if (subscription === undefined || this.#full || this.#leaving.size === 0) return;
    const removed = [...this.#leaving];
    this.#leaving.clear();
    if (this.protocol === 'delta') this.#send(subscription, { resources: [], removed });
    else this.#send(subscription, { ...subscription.wholeState(this.#options.visible('cluster')), changed: [] });
  }

  /** The stream takes more again. */
  drained(): void {
    this.#full = false;
    this.flush();
  }

  #acknowledged(subscription: Subscription, { nonce, error }: DiscoveryEvent): boolean {
    const { metrics } = this.#options;
    const answered = subscription.acknowledge(error === undefined ? { nonce } : { nonce, error });
    if (answered === undefined) metrics.expiredNonces.inc({ type: shortNames[subscription.type] });
    else if (answered !== 'again') {
      this.#takeNoteOfAnswer(subscription, answered, error !== undefined);
      if (error !== undefined) this.#rejected(subscription, answered, error);
    }
    return answered !== undefined;
  }

  /** The client keeps the last good state. */
  #rejected(subscription: Subscription, response: Update, error: string): void {
    const { metrics, logger } = this.#options;
    metrics.rejected(subscription.type);
    const isRetried = this.protocol === 'delta' || !subscription.isWhole;
    const culprits = isRetried ? subscription.retry(response, error) : response.resources;
    const objects = [...new Set(culprits.flatMap((resource) => resource.objects))];
    const fields = { proxy: this.proxy.id, type: shortNames[subscription.type], error };
    if (culprits.length === 0) {
      logger.info('the proxy rejected a response; finding out which part of it', fields);
    } else {
      logger.warn('the proxy rejected its configuration and keeps the last good one', {
        ...fields,
        resources: culprits.slice(0, maxLogged).map(({ name }) => name),
        objects: objects.slice(0, maxLogged),
      });
    }
    if (this.protocol !== 'delta' || subscription.type !== 'virtualHost') return;
    const removed = this.#scope.endsOfWait(culprits.map(({ name }) => name));
    if (removed.length > 0) this.#send(subscription, { resources: [], removed });
  }

  #receiveDelta(subscription: Subscription, first: boolean, event: DiscoveryEvent): void {
    const { type } = subscription;
    if (first) {
      if (event.held.size > 0) this.#resumes = true;
      // Whoever goes on from another stream uses what it has until new clusters are there.
      if (this.#resumes && usesClusters.has(type)) this.#deferred.set(type, event);
      // The first response of a type is sent even when empty: Envoy's initialisation waits for it.
      else this.#sendInOrder(subscription, this.#start(subscription, event), true);
      return;
    }
    if (this.#deferred.has(type)) return this.#mergeDeferred(type, event);
    if (type === 'route') this.#changeRoutes(event);
    const subscribe = type === 'route' ? [] : event.subscribe;
    const update = subscription.changeDelta(subscribe, event.unsubscribe, this.#options.visible(type));
    if (update !== undefined) this.#sendInOrder(subscription, update);
  }

  /** Routes that a client leaves are left at once; those that it asks for must not overtake their clusters. */
  #changeRoutes({ subscribe, unsubscribe }: DiscoveryEvent): void {
    for (const name of unsubscribe) this.#scope.remove(name);
    const asked = new Set(this.#askedRoutes);
    for (const name of unsubscribe) asked.delete(name);
    for (const name of subscribe) asked.add(name);
    this.#askedRoutes = asked.size === 0 ? undefined : asked;
  }

  #nameCount(subscription: Subscription): number {
    return subscription.nameCount + (subscription.type === 'route' ? (this.#askedRoutes?.size ?? 0) : 0);
  }

  #start(subscription: Subscription, { subscribe, held }: DiscoveryEvent): Update {
    const { type } = subscription;
    const update = subscription.startDelta(subscribe, held, this.#options.visible(type));
    if (type === 'route') {
      const { shared } = this.#options.visible(type);
      for (const name of subscribe) if (shared.get(name) !== undefined && held.has(name)) this.#scope.add(name, false);
    }
    return update;
  }

  /** A change of names before the first request was answered. */
  #mergeDeferred(type: ResourceType, event: DiscoveryEvent): void {
    const before = this.#deferred.get(type) ?? event;
    // Of other types than routes, naming none in the first request is a wildcard.
    const first = before.subscribe.length === 0 && type !== 'route' ? ['*'] : before.subscribe;
    const left = new Set(event.unsubscribe);
    const subscribe = [...new Set([...first.filter((name) => !left.has(name)), ...event.subscribe])];
    // Who asks once more does not hold it any longer.
    const touched = new Set([...event.subscribe, ...event.unsubscribe]);
    const held = new Map([...before.held].filter(([name]) => !touched.has(name)));
    this.#deferred.set(type, { ...before, subscribe, held });
  }

  #receiveSotw(subscription: Subscription, first: boolean, event: DiscoveryEvent, fresh: boolean): void {
    if (!first && event.nonce !== '' && !fresh) return; // a newer request follows
    const isNew = first || event.nonce === ''; // who asks without a nonce has nothing yet
    const now = this.#options.visible(subscription.type);
    if (subscription.type === 'route') this.#askedRoutes = isNew ? undefined : new Set(event.subscribe);
    // Routes that a client leaves are left at once; those that it asks for must not overtake their clusters.
    const isHad = (name: string): boolean => (name === '*' ? subscription.isWildcard : subscription.names(name));
    const isWaiting = subscription.type === 'route' && !isNew;
    const update = subscription.changeSotw(isWaiting ? event.subscribe.filter(isHad) : event.subscribe, now);
    if (isNew) this.#send(subscription, subscription.wholeState(now));
    else if (update !== undefined) this.#send(subscription, update);
  }

  #update(subscription: Subscription): Update | undefined {
    if (!isReady(subscription)) return undefined;
    const now = this.#options.visible(subscription.type);
    const again = subscription.type === 'endpoint' ? this.#warming : noNames;
    const update =
      this.protocol === 'delta' ? subscription.updateDelta(now, again) : subscription.updateSotw(now, again);
    // The client has not asked for endpoints of the others; what it waits for goes with this response or a later one.
    if (subscription.type === 'endpoint') {
      for (const name of this.#warming) if (!subscription.names(name)) this.#warming.delete(name);
    }
    return update;
  }

  #send(subscription: Subscription, update: Update): void {
    const { type } = subscription;
    const startedAt = performance.now();
    const visible = this.#options.visible(type);
    const version = `${visible.shared.version}.${visible.own.version}`;
    const nonce = `${this.id}-${(++this.#nonce).toString(36)}`;
    const head = { type, version, nonce };
    const response = this.protocol === 'delta' ? deltaResponse(head, update) : sotwResponse(head, update);
    this.#takeNote(type, update);
    subscription.markSent(nonce, version, update);
    const bytes = response.reduce((sum, part) => sum + part.length, 0);
    this.#options.metrics.sent(type, bytes);
    if (!this.#options.write(response)) this.#full = true;
    this.#options.metrics.pushed(type, (performance.now() - startedAt) / 1000);
  }

  /** What follows for virtual hosts from the client's answer for their configurations. */
  #takeNoteOfAnswer(subscription: Subscription, { resources, removed }: Update, isRejected: boolean): void {
    if (this.protocol !== 'delta') return;
    if (subscription.type === 'virtualHost' && !isRejected) {
      this.#scope.hostsAccepted([...resources.map(({ name }) => name), ...removed]);
    }
    if (subscription.type !== 'route') return;
    for (const { name } of resources) {
      if (isRejected) this.#scope.rejected(name);
      else if (subscription.wants(name)) this.#scope.accepted(name);
    }
  }

  /** What follows for other types from what is sent. */
  #takeNote(type: ResourceType, { resources, changed }: Update): void {
    if (type === 'endpoint') for (const { name } of resources) this.#warming.delete(name);
    if (type === 'cluster') {
      // A state of the world repeats clusters, which Envoy does not warm anew unless they differ. Of those whose endpoints
      // the client has not named yet it asks for them by itself.
      const endpoints = this.subscriptions.get('endpoint');
      for (const { name } of changed ?? resources) {
        if (this.#resumes || endpoints?.names(name) === true) this.#warming.add(name);
      }
      if (this.subscriptions.get('cluster')?.settled === true) this.#clustersSentAt = performance.now();
    }
    if (type === 'route' && this.protocol === 'delta') {
      for (const { name } of resources) if (!this.#scope.has(name)) this.#scope.add(name, true);
    }
  }
}

/** More names of one type than the largest mesh has; what goes on without end would fill this process's memory. */
const maxNames = 200_000;

/** A request that ends its stream; the message is for the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/**
 * Envoy puts its answer for clusters off until all of them are warm. One that takes long, as while its name is looked
 * up, must not keep all others away: so many responses may be unanswered.
 */
const maxUnansweredClusters = 8;

/** Types whose resources name clusters. */
const usesClusters: ReadonlySet<ResourceType> = new Set<ResourceType>(['listener', 'route', 'virtualHost']);

/** As long as Envoy waits for a name to be looked up (c-ares: 5 s), and a little. */
const clusterPatienceMs = 6_000;

const maxLogged = 10;

function isReady(subscription: Subscription): boolean {
  return subscription.settled || (subscription.type === 'cluster' && subscription.unanswered < maxUnansweredClusters);
}

const noNames: ReadonlySet<string> = new Set();
