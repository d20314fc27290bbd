import type { ResourceType } from '../envoy/type-urls.ts';
import type { Sent, SentResource, Visible } from './connection-client.testing.ts';
import { connect } from './connection-client.testing.ts';

type Stream = ReturnType<typeof connect>;
export type SotwType = Exclude<ResourceType, 'virtualHost'>;
export const sotwTypes: readonly SotwType[] = ['cluster', 'endpoint', 'listener', 'route'];

/**
 * A state-of-the-world client that does what Envoy does: it takes clusters and listeners as a whole and the others one by
 * one, names all that it wants in each request, and asks for the endpoints of its clusters and the routes of its
 * listeners (listener `80` uses route `80`). It is shown responses at once and asks at once; it answers when it is told
 * to, and for clusters once it has their endpoints.
 */
export class SotwClient {
  readonly resources = byType((): Map<string, SentResource> => new Map());
  readonly waiting = new Set<string>();
  readonly #visible: Visible;
  readonly #onSent: (stream: Stream, sent: Sent) => void;
  readonly #names = byType((): Set<string> => new Set());
  #nonces = byType(() => '');
  #unanswered = new Set<SotwType>();
  #asked = new Set<SotwType>();
  #inbox: Sent[] = [];
  #stream: Stream;
  #isReading = false;
  #takesMore = true;

  constructor(visible: Visible, onSent: (stream: Stream, sent: Sent) => void) {
    this.#visible = visible;
    this.#onSent = onSent;
    this.#stream = this.#connect();
    this.#begin(new Set(['cluster', 'listener']));
  }

  get connection() {
    return this.#stream.connection;
  }

  get hasAnswers(): boolean {
    return this.#unanswered.size > 0;
  }

  reconnect(): void {
    this.#stream.connection.close();
    this.#inbox = [];
    this.#nonces = byType(() => '');
    this.#unanswered = new Set();
    this.#takesMore = true;
    this.#stream = this.#connect();
    const before = this.#asked;
    this.#asked = new Set();
    this.#begin(before);
  }

  fill(): void {
    this.#takesMore = false;
  }

  drain(): void {
    this.#takesMore = true;
    this.do((connection) => connection.drained());
  }

  do(action: (connection: Stream['connection']) => void): void {
    action(this.#stream.connection);
    this.#read();
  }

  /** Answers the last response of a type, which holds for all before. */
  answer(type: SotwType): void {
    if (!this.#unanswered.has(type) || (type === 'cluster' && this.waiting.size > 0)) return;
    this.#request(type);
    this.#read();
  }

  #connect(): Stream {
    const stream: Stream = connect('sotw', this.#visible, (sent) => {
      this.#onSent(stream, sent);
      this.#inbox.push(sent);
      return this.#takesMore;
    });
    return stream;
  }

  #begin(types: ReadonlySet<SotwType>): void {
    for (const type of sotwTypes) if (types.has(type)) this.#request(type);
    this.#read();
  }

  #request(type: SotwType): void {
    this.#asked.add(type);
    this.#unanswered.delete(type);
    this.#stream.receive(type, { nonce: this.#nonces[type], subscribe: [...this.#names[type]] });
  }

  #read(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    for (let sent = this.#inbox.shift(); sent !== undefined; sent = this.#inbox.shift()) this.#take(sent);
    this.#isReading = false;
  }

  #take({ type, nonce, resources }: Sent): void {
    if (type === 'virtualHost') throw new Error('a state of the world has no virtual hosts');
    this.#nonces[type] = nonce;
    this.#unanswered.add(type);
    const mine = this.resources[type];
    const isWhole = type === 'cluster' || type === 'listener';
    const before = new Map(mine);
    if (isWhole) mine.clear();
    for (const it of resources) if (isWhole || this.#names[type].has(it.name)) mine.set(it.name, it);
    if (type === 'endpoint') for (const { name } of resources) this.waiting.delete(name);
    if (type === 'cluster') {
      for (const { name, content } of resources) if (before.get(name)?.content !== content) this.waiting.add(name);
      for (const name of this.waiting) if (!mine.has(name)) this.waiting.delete(name);
    }
    if (isWhole) this.#name(type === 'cluster' ? 'endpoint' : 'route', [...mine.keys()]);
  }

  #name(type: 'endpoint' | 'route', wanted: readonly string[]): void {
    const names = this.#names[type];
    if (names.size === wanted.length && wanted.every((name) => names.has(name))) return;
    // What it took it has answered for by the names that it had then.
    if (this.#unanswered.has(type)) this.#request(type);
    names.clear();
    for (const name of wanted) names.add(name);
    for (const name of this.resources[type].keys()) if (!names.has(name)) this.resources[type].delete(name);
    this.#request(type);
  }
}

function byType<T>(make: () => T): Record<SotwType, T> {
  return { cluster: make(), endpoint: make(), listener: make(), route: make() };
}
