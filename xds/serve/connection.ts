import type { Logger } from '../../lib/logger.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { resourceTypeOf, sendOrder, shortNames } from '../envoy/type-urls.ts';
import type { Proxy } from './proxy.ts';
import { deltaResponse, sotwResponse } from './responses.ts';
import type { ServeMetrics } from './serve-metrics.ts';
import type { Update, VisibleSets } from './subscription.ts';
import { Subscription } from './subscription.ts';

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
  /** Writes an encoded response; false when the stream is full until `drained` is called. */
  readonly write: (response: Buffer) => boolean;
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
  readonly connectedAt = new Date();
  readonly subscriptions = new Map<ResourceType, Subscription>();
  readonly #options: ConnectionOptions;
  #full = false;
  #nonce = 0;
  /** Clusters that were changed since their endpoints were sent: Envoy warms them anew and waits for endpoints. */
  readonly #warming = new Set<string>();
  /** Clusters that are gone, of which the client is told once it has got everything that may have used them. */
  readonly #leaving = new Set<string>();

  constructor(options: ConnectionOptions) {
    this.id = options.id;
    this.proxy = options.proxy;
    this.#options = options;
  }

  /** Takes a request in and sends what it asks for. Throws {@link RequestError} for one that no client has reason for. */
  receive(event: DiscoveryEvent): void {
    const type = resourceTypeOf(event.typeUrl);
    if (type === undefined) return; // Envoy asks for types that istiod has nothing of; silence is the protocol's answer.
    let subscription = this.subscriptions.get(type);
    const first = subscription === undefined;
    if (subscription === undefined) this.subscriptions.set(type, (subscription = new Subscription(type)));
    if (event.subscribe.length + event.held.size > maxNames || subscription.nameCount > maxNames) {
      throw new RequestError(`more than ${String(maxNames)} names of type ${shortNames[type]} are not served`);
    }
    const fresh = event.nonce !== '' && this.#acknowledged(subscription, event);
    if (this.#options.protocol === 'delta') this.#receiveDelta(subscription, first, event);
    else this.#receiveSotw(subscription, first, event, fresh);
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
      if (isReady(subscription) && (upToDate || type === 'endpoint')) {
        const update = this.#update(subscription);
        if (update !== undefined) this.#sendInOrder(subscription, update);
      } else if (subscription.isBehind(this.#options.visible(type))) upToDate = false;
    }
    if (upToDate) this.#sendLeaving();
  }

  /** Make before break: routes stop using a cluster before it goes. */
  #sendInOrder(subscription: Subscription, update: Update): void {
    if (subscription.type !== 'cluster') return this.#send(subscription, update);
    for (const name of update.removed) this.#leaving.add(name);
    if (this.#options.protocol === 'delta') {
      for (const { name } of update.resources) this.#leaving.delete(name);
      if (update.resources.length > 0) this.#send(subscription, { resources: update.resources, removed: [] });
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
    if (this.#options.protocol === 'delta') this.#send(subscription, { resources: [], removed });
    else this.#send(subscription, { ...subscription.wholeState(this.#options.visible('cluster')), changed: [] });
  }

  /** The stream takes more again. */
  drained(): void {
    this.#full = false;
    this.flush();
  }

  #acknowledged(subscription: Subscription, { nonce, error }: DiscoveryEvent): boolean {
    const { metrics, logger } = this.#options;
    const fresh = subscription.acknowledge(error === undefined ? { nonce } : { nonce, error });
    if (!fresh) metrics.expiredNonces.inc({ type: shortNames[subscription.type] });
    else if (error !== undefined) {
      metrics.rejected(subscription.type);
      logger.warn('the proxy rejected its configuration and keeps the last good one', {
        proxy: this.proxy.id,
        type: shortNames[subscription.type],
        error,
      });
    }
    return fresh;
  }

  #receiveDelta(subscription: Subscription, first: boolean, event: DiscoveryEvent): void {
    const now = this.#options.visible(subscription.type);
    if (first) {
      // The first response of a type is sent even when empty: Envoy's initialisation waits for it.
      this.#send(subscription, subscription.startDelta(event.subscribe, event.held, now));
      return;
    }
    const update = subscription.changeDelta(event.subscribe, event.unsubscribe, now);
    if (update !== undefined) this.#send(subscription, update);
  }

  #receiveSotw(subscription: Subscription, first: boolean, event: DiscoveryEvent, fresh: boolean): void {
    if (!first && event.nonce !== '' && !fresh) return; // a newer request follows
    const now = this.#options.visible(subscription.type);
    const update = subscription.changeSotw(event.subscribe, now);
    // Who asks without a nonce has nothing yet.
    if (first || event.nonce === '') this.#send(subscription, subscription.wholeState(now));
    else if (update !== undefined) this.#send(subscription, update);
  }

  #update(subscription: Subscription): Update | undefined {
    const now = this.#options.visible(subscription.type);
    const again = subscription.type === 'endpoint' ? this.#warming : noNames;
    const update =
      this.#options.protocol === 'delta' ? subscription.updateDelta(now, again) : subscription.updateSotw(now, again);
    // Of those that are left the client has not asked for endpoints.
    if (subscription.type === 'endpoint') this.#warming.clear();
    return update;
  }

  #send(subscription: Subscription, update: Update): void {
    const { type } = subscription;
    const visible = this.#options.visible(type);
    const version = `${visible.shared.version}.${visible.own.version}`;
    const nonce = `${this.id}-${(++this.#nonce).toString(36)}`;
    const head = { type, version, nonce };
    const response =
      this.#options.protocol === 'delta'
        ? deltaResponse(head, update.resources, update.removed)
        : sotwResponse(head, update.resources);
    if (type === 'endpoint') for (const { name } of update.resources) this.#warming.delete(name);
    // A state of the world repeats clusters, which Envoy does not warm anew unless they differ.
    if (type === 'cluster') for (const { name } of update.changed ?? update.resources) this.#warming.add(name);
    subscription.markSent(nonce, version);
    this.#options.metrics.sent(type, response.length);
    if (!this.#options.write(response)) this.#full = true;
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

function isReady(subscription: Subscription): boolean {
  return subscription.settled || (subscription.type === 'cluster' && subscription.unanswered < maxUnansweredClusters);
}

const noNames: ReadonlySet<string> = new Set();
