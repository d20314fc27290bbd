import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { backoffMs, isNews } from './backoff.ts';
import type { KubeClient, Selection, WatchEvent } from './client.ts';
import { Deadline } from './deadline.ts';
import { isGone, KubeError, retryAfterMs } from './error.ts';
import type { KubeObject } from './object.ts';
import { resourceName } from './resources.ts';
import type { Resource } from './resources.ts';
import { SilenceLimit } from './silence-limit.ts';
import { isConnectionError } from './transport.ts';

/** What a reflector reports to. */
export interface ReflectorSink<T extends KubeObject> {
  /** What is kept of an object that came in a list. */
  ingest(object: T): T;
  /** The whole state, as of a list. */
  replaceAll(objects: readonly T[]): void;
  apply(event: Exclude<WatchEvent<T>, { type: 'BOOKMARK' }>): void;
  count(what: ReflectorCount): void;
  /** Whether the state is being followed, rather than only tried to. */
  following(isFollowing: boolean): void;
}

export type ReflectorCount = 'list' | 'watch' | 'event' | 'bookmark' | 'error' | 'expired';

const jitter = 0.3;
/** While the server cannot be reached, trying costs it nothing; once it can be, we want to know soon. */
const absent = { baseMs: 200, maxMs: 5_000, jitter };
const refused = { baseMs: 200, maxMs: 10_000, jitter };
/** A watch is ended by the server after 4 to 5 minutes, at random so that informers do not come back all at once. */
const WATCH_SECONDS = { min: 240, max: 290 };
/** How much later than it promised the server may end a watch, before we take the connection for dead. */
const GRACE_MS = 20_000;
/**
 * A server that sends bookmarks does it about once a minute (kube-apiserver, `bookmarkFrequency`). Once one has come on a
 * watch, two missing ones in a row are a connection that is dead without having broken.
 */
const BOOKMARK_SILENCE_MS = 150_000;
/** After so many bad watches in a row, whatever was wrong with them, there is a list. */
const BAD_WATCHES_BEFORE_LIST = 3;
/** A watch that ends sooner, and brought nothing, counts as failed: else a broken proxy would make a hot loop. */
const SHORT_WATCH_MS = 1_000;
/** A watch that held for so long, and for longer than was waited for it, ends a row of failures even if it was silent. */
const STEADY_MS = 1_000;

/** Milliseconds until the next try after so many failures in a row, the last of which was `error`. */
export function retryDelayMs(failures: number, error: unknown): number {
  const own = backoffMs(failures, isConnectionError(error) ? absent : refused);
  return Math.round(Math.max(own, retryAfterMs(error)));
}

/** Lists and watches one kind for ever, and tells `sink` of everything in order. Returns when the signal aborts. */
export class Reflector<T extends KubeObject> {
  readonly #client: KubeClient;
  readonly #resource: Resource<T>;
  readonly #selection: Selection;
  readonly #sink: ReflectorSink<T>;
  readonly #logger: Logger;
  /** Where the next watch starts; undefined when there must be a list first. */
  #version: string | undefined;
  /** In a row, of any kind: the back-off counts them. A list alone ends no row, since it may be the watch that fails. */
  #failures = 0;
  #failingSince = 0;
  /** Before the last try. */
  #delayMs = 0;
  /** In a row, of watches that the server began or refused: not of connections, which a list would not mend. */
  #badWatches = 0;

  constructor(client: KubeClient, resource: Resource<T>, selection: Selection, sink: ReflectorSink<T>, logger: Logger) {
    this.#client = client;
    this.#resource = resource;
    this.#selection = selection;
    this.#sink = sink;
    this.#logger = logger;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal);
        else await this.#watch(this.#version, signal);
      } catch (error) {
        if (isAborted(signal)) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#sink.count('list');
    const { items, resourceVersion } = await this.#client.list(this.#resource, {
      ...this.#selection,
      transform: (object) => this.#sink.ingest(object),
      signal,
    });
    this.#sink.replaceAll(items);
    this.#version = resourceVersion;
    this.#badWatches = 0;
    this.#logger.debug('listed', { resource: resourceName(this.#resource), objects: items.length, resourceVersion });
  }

  async #watch(from: string, signal: AbortSignal): Promise<void> {
    const seconds = Math.round(WATCH_SECONDS.min + Math.random() * (WATCH_SECONDS.max - WATCH_SECONDS.min));
    const started = performance.now();
    this.#sink.count('watch');
    // Silence is normal; a watch that outlives its own end is not, nor is one whose bookmarks stay away.
    const operation = `watch ${resourceName(this.#resource)}`;
    using guard = new Deadline(operation, seconds * 1000 + GRACE_MS, signal);
    using silence = new SilenceLimit(operation, BOOKMARK_SILENCE_MS, guard.signal);
    let hasBookmarks = false;
    const events = this.#client.watch(this.#resource, {
      ...this.#selection,
      resourceVersion: from,
      timeoutSeconds: seconds,
      signal: silence.signal,
      onOpen: () => this.#sink.following(true),
    });
    try {
      for await (const event of events) {
        this.#take(event);
        hasBookmarks ||= event.type === 'BOOKMARK';
        if (hasBookmarks) silence.alive();
      }
    } finally {
      if (performance.now() - started >= Math.max(STEADY_MS, this.#delayMs)) this.#failures = 0;
    }
    if (this.#version === from && performance.now() - started < SHORT_WATCH_MS) {
      throw new Error('the watch ended at once');
    }
  }

  #take(event: WatchEvent<T>): void {
    this.#endFailures();
    this.#badWatches = 0;
    if (event.type === 'BOOKMARK') {
      this.#sink.count('bookmark');
      if (event.resourceVersion !== '') this.#version = event.resourceVersion;
      return;
    }
    // Read first: the sink may prune the object.
    const version = event.object.metadata.resourceVersion;
    this.#sink.count('event');
    this.#sink.apply(event);
    if (version !== undefined) this.#version = version;
  }

  #endFailures(): void {
    if (this.#failures > 1) {
      const forMs = Math.round(performance.now() - this.#failingSince);
      const fields = { resource: resourceName(this.#resource), failures: this.#failures, forMs };
      this.#logger.info('following again', fields);
    }
    this.#failures = 0;
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    this.#sink.following(false);
    if (++this.#failures === 1) this.#failingSince = performance.now();
    const resource = resourceName(this.#resource);
    if (!isConnectionError(error)) this.#badWatches++;
    const during = this.#version === undefined ? 'list' : 'watch';
    if (this.#version !== undefined && (isExpired(error) || this.#badWatches >= BAD_WATCHES_BEFORE_LIST)) {
      this.#sink.count('expired');
      this.#version = undefined;
      if (this.#failures === 1) {
        this.#logger.info('watch expired, listing again', { resource, error });
        return;
      }
    }
    this.#sink.count('error');
    const delayMs = retryDelayMs(this.#failures, error);
    // The first failure of a watch is everyday business: the server restarts, a load balancer cuts.
    const isEveryday = during === 'watch' && this.#failures === 1;
    const level = isEveryday || !isNews(this.#failures) ? 'debug' : 'warn';
    this.#logger[level](`${during} failed, trying again`, { resource, error, failures: this.#failures, delayMs });
    this.#delayMs = delayMs;
    await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  }
}

/** The version is unknown to the server: compacted away, or from before its data was set back. */
function isExpired(error: unknown): boolean {
  if (isGone(error)) return true;
  const causes = error instanceof KubeError ? (error.details?.causes ?? []) : [];
  return causes.some((cause) => cause.reason === 'ResourceVersionTooLarge');
}

/** In a function, since the compiler takes the loop's own check to still hold. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
