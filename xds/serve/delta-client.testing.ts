import type { ResourceType } from '../envoy/type-urls.ts';
import { sendOrder } from '../envoy/type-urls.ts';
import type { DiscoveryEvent } from './connection.ts';
import type { Sent, SentResource, Visible } from './connection-client.testing.ts';
import { connect } from './connection-client.testing.ts';

type Stream = ReturnType<typeof connect>;
type Resources = Map<string, SentResource>;

/** How a client takes responses; other clients do the same otherwise. */
export interface Manner {
  /** Whether it applies the good part of a response that it rejects (Envoy does for clusters and listeners). */
  readonly appliesGoodPart: boolean;
  /** Whether its words of a rejection name what is bad. */
  readonly namesBadPart: boolean;
}

/**
 * A delta client that does what Envoy 1.40 was seen to do: it asks for the endpoints of its clusters and for the routes
 * of its listeners (listener `80` uses route `80`), throws virtual hosts away whose configuration it has not got, forgets
 * those of a configuration that it leaves, and answers for clusters once it has their endpoints. It is shown responses
 * at once, in order, and asks at once; it answers when it is told to. It rejects what says `bad`.
 */
export class DeltaClient {
  readonly resources: Record<ResourceType, Resources> = byType(() => new Map());
  readonly manner: Manner;
  /** Clusters that wait for endpoints, and configurations that wait for virtual hosts. */
  readonly waiting = { clusters: new Set<string>(), routes: new Set<string>() };
  /** Configurations that it was told are gone, and that it goes on using. */
  readonly orphans = new Set<string>();
  readonly #visible: Visible;
  readonly #onApplied: () => void;
  readonly #onSent: (stream: Stream, sent: Sent, isFirst: boolean) => void;
  /** What it would say that it holds; of virtual hosts also what it threw away. */
  readonly #claims: Record<ResourceType, Map<string, string>> = byType(() => new Map());
  readonly #routeNames = new Set<string>();
  #answers: Record<ResourceType, Partial<DiscoveryEvent>[]> = byType(() => []);
  #inbox: Sent[] = [];
  #stream: Stream;
  #isReading = false;
  #takesMore = true;
  #asked = new Set<ResourceType>();
  #resumes = false;

  constructor(
    visible: Visible,
    manner: Manner,
    onApplied: () => void,
    onSent: (stream: Stream, sent: Sent, isFirst: boolean) => void,
  ) {
    this.#visible = visible;
    this.manner = manner;
    this.#onApplied = onApplied;
    this.#onSent = onSent;
    this.#stream = this.#connect();
  }

  get connection() {
    return this.#stream.connection;
  }

  get hasAnswers(): boolean {
    return sendOrder.some((type) => this.#answers[type].length > 0);
  }

  /** Begins a stream, and says what it holds from another. */
  reconnect(): void {
    this.#stream.connection.close();
    this.#inbox = [];
    this.#answers = byType(() => []);
    this.#takesMore = true;
    const before = this.#asked;
    this.#asked = new Set();
    this.#resumes = this.#claims.cluster.size > 0;
    this.#stream = this.#connect();
    this.start(before);
  }

  start(types: ReadonlySet<ResourceType> = new Set(['cluster', 'listener'])): void {
    for (const type of sendOrder) if (types.has(type)) this.#ask(type);
    this.read();
  }

  /** Does something to the stream, and reads what comes of it. */
  do(action: (connection: Stream['connection']) => void): void {
    action(this.#stream.connection);
    this.read();
  }

  /** The stream takes no more than one response until it is drained. */
  fill(): void {
    this.#takesMore = false;
  }

  drain(): void {
    this.#takesMore = true;
    this.do((connection) => connection.drained());
  }

  /** Answers the oldest response of a type, unless it has not done yet what it would answer for. */
  answer(type: ResourceType): void {
    if (type === 'cluster' && this.waiting.clusters.size > 0) return;
    const answer = this.#answers[type].shift();
    if (answer === undefined) return;
    this.#stream.receive(type, answer);
    this.read();
  }

  /** Leaves the routes of listeners that are gone: their connections have come to their end. */
  leaveRoutes(): void {
    const left = [...this.#routeNames].filter((name) => !this.resources.listener.has(name));
    if (left.length === 0) return;
    for (const name of left) {
      this.#routeNames.delete(name);
      this.#claims.route.delete(name);
      this.resources.route.delete(name);
      this.waiting.routes.delete(name);
      for (const host of this.resources.virtualHost.keys())
        if (routeOf(host) === name) this.resources.virtualHost.delete(host);
    }
    this.#stream.receive('route', { unsubscribe: left });
    this.read();
  }

  /** Takes in what was written. */
  read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let sent = this.#inbox.shift(); sent !== undefined; sent = this.#inbox.shift()) this.#take(sent);
    this.#isReading = false;
  }

  #connect(): Stream {
    const seen = new Set<ResourceType>();
    const stream: Stream = connect('delta', this.#visible, (sent) => {
      this.#onSent(stream, sent, !seen.has(sent.type) && !this.#resumes);
      seen.add(sent.type);
      this.#inbox.push(sent);
      return this.#takesMore;
    });
    return stream;
  }

  #ask(type: ResourceType): void {
    this.#asked.add(type);
    const held = new Map(this.#claims[type]);
    if (type === 'endpoint') for (const name of this.waiting.clusters) held.delete(name);
    // Whose stream ends between a configuration and its hosts, and who had thrown the same hosts away before, has them no
    // more, and no server can know; it is left out here.
    if (type === 'route') for (const name of this.waiting.routes) if (this.#claimsHostsOf(name)) held.delete(name);
    const names = { endpoint: this.resources.cluster.keys(), route: this.#routeNames };
    const subscribe = type === 'cluster' ? ['*'] : type === 'endpoint' || type === 'route' ? [...names[type]] : [];
    this.#stream.receive(type, { subscribe, held });
  }

  #claimsHostsOf(route: string): boolean {
    return [...this.#claims.virtualHost.keys()].some((host) => routeOf(host) === route);
  }

  #askFor(type: 'endpoint' | 'route', subscribe: readonly string[], unsubscribe: readonly string[]): void {
    if (subscribe.length + unsubscribe.length === 0) return;
    if (this.#asked.has(type)) this.#stream.receive(type, { subscribe, unsubscribe });
    else this.#ask(type);
  }

  #take({ type, nonce, resources, removed }: Sent): void {
    const isBad = resources.some(({ content }) => content === 'bad');
    if (isBad) {
      const words = resources.filter(({ content }) => content === 'bad').map(({ name }) => `[${name}]`);
      this.#answers[type].push({ nonce, error: this.manner.namesBadPart ? words.join() : 'rejected' });
    } else this.#answers[type].push({ nonce });
    // A cluster whose endpoints it rejects does not wait any longer.
    if (type === 'endpoint') for (const { name } of resources) this.waiting.clusters.delete(name);
    if (isBad && !this.manner.appliesGoodPart) return;
    const good = resources.filter(({ content }) => content !== 'bad');
    const claims = this.#claims[type];
    for (const { name, version } of good) if (this.#wants(type, name)) claims.set(name, version);
    for (const name of removed) claims.delete(name);
    this.#apply(type, good, removed);
    this.#onApplied();
  }

  #wants(type: ResourceType, name: string): boolean {
    if (type === 'endpoint') return this.resources.cluster.has(name);
    return type !== 'route' || this.#routeNames.has(name);
  }

  #apply(type: ResourceType, good: readonly SentResource[], removed: readonly string[]): void {
    const mine = this.resources[type];
    const taken = good.filter(
      ({ name }) => this.#wants(type, name) && (type !== 'virtualHost' || this.resources.route.has(routeOf(name))),
    );
    const news = taken.filter(({ name, version }) => mine.get(name)?.version !== version);
    const added = taken.filter(({ name }) => !mine.has(name)).map(({ name }) => name);
    for (const it of taken) mine.set(it.name, it);
    if (type === 'route') {
      for (const name of removed) this.orphans.add(name);
      for (const { name } of taken) this.orphans.delete(name);
    }
    // A configuration in use stays in use, and so do endpoints until their cluster goes.
    if (type !== 'route' && type !== 'endpoint') for (const name of removed) mine.delete(name);
    if (type === 'cluster') {
      for (const { name } of news) this.waiting.clusters.add(name);
      for (const name of removed) this.waiting.clusters.delete(name);
      for (const name of removed) this.resources.endpoint.delete(name);
      for (const name of removed) this.#claims.endpoint.delete(name);
      this.#askFor('endpoint', added, removed);
    } else if (type === 'listener') {
      const names = added.filter((name) => !this.#routeNames.has(name));
      for (const name of names) this.#routeNames.add(name);
      this.#askFor('route', names, []);
    } else if (type === 'route') {
      for (const name of added) this.waiting.routes.add(name);
      if (added.length > 0 && !this.#asked.has('virtualHost')) this.#ask('virtualHost');
    } else for (const name of [...taken.map(({ name }) => name), ...removed]) this.waiting.routes.delete(routeOf(name));
  }
}

export function routeOf(host: string): string {
  return host.slice(0, host.indexOf('/'));
}

function byType<T>(make: () => T): Record<ResourceType, T> {
  return { cluster: make(), endpoint: make(), listener: make(), route: make(), virtualHost: make() };
}
