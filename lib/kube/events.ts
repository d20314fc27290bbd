import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../logger.ts';
import { isNews } from './backoff.ts';
import type { KubeClient } from './client.ts';
import { formatMicroTime, systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { isNotFound } from './error.ts';
import type { KubeObject } from './object.ts';
import { apiVersionOf, events } from './resources.ts';
import type { Resource } from './resources.ts';
import { TokenBuckets } from './token-buckets.ts';
import type { KubeEvent, ObjectReference } from './types.ts';

/** Writes events.k8s.io/v1 Events in the background. Never throws and never makes the caller wait. */
export interface EventRecorder {
  /** `reason` and `action` are CamelCase words, `note` a sentence (cut at 1,024 characters). */
  event(regarding: EventSubject, type: 'Normal' | 'Warning', reason: string, action: string, note: string): void;
  /** Writes what is held back, and waits for all writes, but not for longer than `limitMs` (5,000 by default). */
  flush(limitMs?: number): Promise<void>;
}

/** What an event is about. The kind comes from the resource, since list items do not carry it. */
export interface EventSubject {
  readonly resource: Resource;
  readonly object: KubeObject;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** e.g. `meltemi.dev/operator`. */
  readonly controller: string;
  /** e.g. the pod's name. */
  readonly instance: string;
  readonly logger: Logger;
  readonly clock?: Clock;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

/** The same event again within this time since the last one is one series. */
const SERIES_WINDOW_MS = 6 * 60_000;
/** A series is written at most this often. */
const SERIES_WRITE_MS = 30_000;
const MAX_SERIES = 4096;
/** Writes that wait; beyond that, events are dropped: they are news, not a journal. */
const MAX_PENDING = 512;
/** New events about one object: some at once, then one each five minutes. */
const perObject = { burst: 25, refillMs: 300_000, maxBuckets: 4096 };
const MAX_NOTE = 1024;
/** Events are written one after the other, so one must not hold up the others for long. */
const WRITE_MS = 10_000;
const FLUSH_MS = 5_000;

const limits = { timeoutMs: WRITE_MS };

interface Series {
  readonly event: KubeEvent;
  count: number;
  lastAt: number;
  writtenAt: number;
  timer: NodeJS.Timeout | undefined;
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  /** By what is equal in a series; oldest first. */
  readonly #series = new Map<string, Series>();
  readonly #buckets: TokenBuckets;
  #writes: Promise<unknown> = Promise.resolve();
  #pending = 0;
  /** Writes that failed, or were dropped, in a row. */
  #lost = 0;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#buckets = new TokenBuckets(perObject, () => this.#clock.monotonic());
  }

  event(subject: EventSubject, type: 'Normal' | 'Warning', reason: string, action: string, note: string): void {
    const regarding = referenceTo(subject);
    const key = JSON.stringify([
      regarding.kind,
      regarding.uid,
      regarding.namespace,
      regarding.name,
      type,
      reason,
      action,
      note,
    ]);
    const now = this.#clock.now();
    const known = this.#series.get(key);
    if (known !== undefined && now - known.lastAt < SERIES_WINDOW_MS) {
      known.count++;
      known.lastAt = now;
      this.#scheduleSeries(known);
      return;
    }
    const object = `${regarding.kind ?? ''} ${regarding.namespace ?? ''}/${regarding.name ?? ''}`;
    if (!this.#buckets.take(object)) {
      this.#options.logger.debug('too many events about one object, dropping', { object, reason, note });
      return;
    }
    const event = this.#newEvent(regarding, { type, reason, action, note: note.slice(0, MAX_NOTE) }, now);
    this.#remember(key, { event, count: 1, lastAt: now, writtenAt: now, timer: undefined });
    this.#enqueue(event, () => this.#options.client.create(events, event, limits));
  }

  async flush(limitMs = FLUSH_MS): Promise<void> {
    for (const series of this.#series.values()) if (series.timer !== undefined) this.#writeSeries(series);
    const done = new AbortController();
    const late = sleep(limitMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([this.#writes, late]);
    done.abort();
  }

  #newEvent(
    regarding: ObjectReference,
    words: Required<Pick<KubeEvent, 'type' | 'reason' | 'action' | 'note'>>,
    now: number,
  ): KubeEvent {
    return {
      metadata: {
        // Events about cluster-scoped objects live in `default`, as kubectl expects.
        namespace: regarding.namespace ?? 'default',
        name: `${(regarding.name ?? '').slice(0, 230)}.${randomBytes(8).toString('hex')}`,
      },
      eventTime: formatMicroTime(now),
      ...words,
      regarding,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
    };
  }

  #remember(key: string, series: Series): void {
    this.#forget(key);
    this.#series.set(key, series);
    if (this.#series.size <= MAX_SERIES) return;
    for (const oldest of this.#series.keys()) {
      this.#forget(oldest);
      break;
    }
  }

  #forget(key: string): void {
    const series = this.#series.get(key);
    if (series?.timer !== undefined) this.#writeSeries(series);
    this.#series.delete(key);
  }

  #scheduleSeries(series: Series): void {
    if (series.timer !== undefined) return;
    const delayMs = Math.max(0, series.writtenAt + SERIES_WRITE_MS - this.#clock.now());
    series.timer = setTimeout(() => this.#writeSeries(series), delayMs);
    // A count is no reason to keep a process alive.
    series.timer.unref();
  }

  #writeSeries(series: Series): void {
    clearTimeout(series.timer);
    series.timer = undefined;
    series.writtenAt = this.#clock.now();
    const patch = { series: { count: series.count, lastObservedTime: formatMicroTime(series.lastAt) } };
    this.#enqueue(series.event, async () => {
      const { client } = this.#options;
      try {
        await client.mergePatch(events, series.event.metadata, patch, limits);
      } catch (error) {
        if (!isNotFound(error)) throw error;
        // The server drops events after an hour.
        await client.create(events, { ...series.event, ...patch }, limits);
      }
    });
  }

  #enqueue(event: KubeEvent, write: () => Promise<unknown>): void {
    const { logger } = this.#options;
    const fields = { reason: event.reason, note: event.note, object: event.regarding?.name };
    const lost = (why: string, error?: unknown): void => {
      const level = isNews(++this.#lost) ? 'warn' : 'debug';
      logger[level](why, { ...fields, error, lost: this.#lost });
    };
    if (this.#pending >= MAX_PENDING) {
      lost('too many events wait to be written, dropping');
      return;
    }
    this.#pending++;
    this.#writes = this.#writes
      .then(write)
      .then(() => (this.#lost = 0))
      .catch((error: unknown) => lost('cannot write an event', error))
      .finally(() => this.#pending--);
  }
}

function referenceTo({ resource, object }: EventSubject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = object.metadata;
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name,
    ...(namespace !== undefined && namespace !== '' && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}
