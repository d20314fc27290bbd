import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { toError } from '../errors.ts';
import { recordingLogger } from '../logger.ts';
import type { KubeClient, WatchEvent, WatchOptions } from './client.ts';
import { json, startFakeApiServer, statusAnswer, stream } from './fake-api-server.testing.ts';
import type { Answer } from './fake-api-server.testing.ts';
import { fencedClient } from './fenced-client.ts';
import { createInformer } from './informer.ts';
import type { ChangeListener, InformerOptions } from './informer.ts';
import { soleTerm } from './lease-term.ts';
import { configMaps } from './resources.ts';
import type { Resource } from './resources.ts';
import type { ConfigMap } from './types.ts';

// A fake server, for the faults that a real one cannot be made to have. With a real one: informer.integration.test.ts.

const object = (name: string, version: string, value = ''): ConfigMap => ({
  metadata: { namespace: 'default', name, uid: `uid-${name}`, resourceVersion: version },
  data: { value },
});
const list = (version: string, ...items: readonly ConfigMap[]): Answer =>
  json({ metadata: { resourceVersion: version }, items });
const line = (type: string, what: object): string => `${JSON.stringify({ type, object: what })}\n`;

async function start(
  answers: readonly Answer[],
  options: Partial<InformerOptions<ConfigMap>> = {},
  listener: ChangeListener<ConfigMap> = {},
) {
  const { client, requests } = await startFakeApiServer(answers);
  const logger = recordingLogger();
  const informer = createInformer(client, configMaps, { logger, ...options });
  const changes: string[] = [];
  informer.onChange(listener);
  informer.onChange({
    added: ({ metadata }) => changes.push(`+${metadata.name}@${metadata.resourceVersion ?? ''}`),
    updated: ({ metadata }) => changes.push(`${metadata.name}@${metadata.resourceVersion ?? ''}`),
    deleted: ({ metadata }) => changes.push(`-${metadata.name}`),
  });
  const stop = new AbortController();
  onTestFinished(async () => {
    stop.abort();
    await informer.stopped;
  });
  informer.start(stop.signal);
  const watches = () =>
    requests
      .filter((request) => request.includes('watch=true'))
      .map((request) => /resourceVersion=(\w+)/.exec(request)?.[1]);
  return { informer, changes, logger, requests, watches };
}

const soon = { timeout: 10_000, interval: 5 };

describe('an informer', () => {
  it('goes on from the last event after a broken connection, and takes nothing twice', async () => {
    const { changes, watches } = await start([
      list('1', object('a', '1')),
      stream(line('MODIFIED', object('a', '2')), 'reset'),
      stream(line('MODIFIED', object('a', '2')) + line('MODIFIED', object('a', '3'))),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@1', 'a@2', 'a@3']), soon);
    expect(watches()).toEqual(['1', '2']);
  });

  it('goes on from the last bookmark', async () => {
    const { watches } = await start([
      list('1'),
      stream(line('BOOKMARK', { metadata: { resourceVersion: '77' } }), 'end'),
      stream(''),
    ]);
    await vi.waitFor(() => expect(watches()).toEqual(['1', '77']), soon);
  });

  it('goes on from the last good event after a malformed one', async () => {
    const { changes, watches } = await start([
      list('1'),
      stream(`${line('ADDED', object('a', '2'))}{"type":"ADD\n${line('ADDED', object('c', '4'))}`),
      stream(line('ADDED', object('b', '3')) + line('ADDED', object('c', '4'))),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@2', '+b@3', '+c@4']), soon);
    expect(watches()).toEqual(['1', '2']);
  });

  it('lists again after three bad watches in a row', async () => {
    const { changes, requests } = await start([
      list('1', object('a', '1')),
      stream('nonsense\n'),
      stream('nonsense\n'),
      stream('nonsense\n'),
      list('9', object('a', '9')),
      stream(''),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@1', 'a@9']), soon);
    expect(requests.filter((request) => !request.includes('watch'))).toHaveLength(2);
  });

  it('slows down when lists succeed and every watch fails, rather than listing again and again', async () => {
    const { logger, informer } = await start([
      (response, request) =>
        request.url?.includes('watch=true')
          ? statusAnswer(500, 'InternalError')(response, request)
          : list('1', object('a', '1'))(response, request),
    ]);
    const failures = () => logger.entries.filter(({ message }) => message === 'watch failed, trying again');
    // After the third there is a list, which must not begin the row anew.
    await vi.waitFor(() => expect(failures().length).toBeGreaterThanOrEqual(4), soon);
    expect(failures().map(({ fields }) => fields['failures'])).toEqual([1, 2, 3, 4]);
    expect(informer.isFollowing).toBe(false);
  });

  it('waits as long as the server asks before it watches again', async () => {
    const { logger, informer } = await start([
      list('1'),
      stream(line('ADDED', object('a', '2')), 'end'),
      statusAnswer(429, 'TooManyRequests', { 'retry-after': '60' }),
    ]);
    await vi.waitFor(() => expect(logger.entries.some(({ fields }) => fields['delayMs'] === 60_000)).toBe(true), soon);
    expect(informer.isFollowing).toBe(false);
  });

  it('does not take an answer that is no list for an empty one', async () => {
    const { changes, logger } = await start([
      list('1', object('a', '1')),
      statusAnswer(410, 'Expired'),
      json({}),
      list('2', object('a', '1')),
      stream(line('ADDED', object('b', '3'))),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@1', '+b@3']), soon);
    expect(logger.entries.some(({ fields }) => String(fields['error']).includes('the answer is no list'))).toBe(true);
  });

  it('goes on from the last whole event when a watch ends in the midst of one', async () => {
    const cut = line('MODIFIED', object('a', '3')).slice(0, 40);
    const { changes, watches, informer } = await start([
      list('1', object('a', '1')),
      stream(line('MODIFIED', object('a', '2')) + cut, 'end'),
      stream(line('MODIFIED', object('a', '3'))),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@1', 'a@2', 'a@3']), soon);
    expect(watches()).toEqual(['1', '2']);
    expect(informer.isFollowing).toBe(true);
  });

  it('lists again when the server’s versions went back', async () => {
    const tooLarge = json(
      { kind: 'Status', code: 504, reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
      504,
    );
    const { changes } = await start([
      list('100', object('a', '90')),
      tooLarge,
      list('5', object('a', '3')),
      stream(''),
    ]);
    await vi.waitFor(() => expect(changes).toEqual(['+a@90', 'a@3']), soon);
  });

  it('tries again when the first list is refused', async () => {
    const { informer, logger } = await start([statusAnswer(403, 'Forbidden'), list('1'), stream('')]);
    await informer.synced();
    expect(logger.entries.find(({ level }) => level === 'warn')).toMatchObject({
      message: 'list failed, trying again',
      fields: { resource: 'configmaps', failures: 1 },
    });
  });

  it('is not disturbed by a listener that throws, nor by one that rejects', async () => {
    let calls = 0;
    const bad: ChangeListener<ConfigMap> = {
      added: () => {
        calls++;
        throw new Error('bad listener');
      },
      // Forbidden by the linter, but not by the language.
      // eslint-disable-next-line @typescript-eslint/no-misused-promises
      updated: async () => {
        await Promise.resolve();
        throw new Error('bad async listener');
      },
    };
    const events = line('MODIFIED', object('a', '2')) + line('ADDED', object('b', '3'));
    const { changes, logger } = await start([list('1', object('a', '1')), stream(events)], {}, bad);
    await vi.waitFor(() => expect(changes).toEqual(['+a@1', 'a@2', '+b@3']), soon);
    expect(calls).toBe(2);
    const errors = logger.entries.filter(({ level }) => level === 'error');
    expect(errors.map(({ fields }) => [fields['object'], String(fields['error']).split('\n')[0]]).toSorted()).toEqual([
      ['default/a', 'Error: bad async listener'],
      ['default/a', 'Error: bad listener'],
      ['default/b', 'Error: bad listener'],
    ]);
  });

  it('keeps an object that cannot be pruned or indexed, and says which', async () => {
    const prune = (one: ConfigMap): ConfigMap => {
      if (one.metadata.name === 'bad') throw new Error('cannot prune');
      return { ...one, data: {} };
    };
    const { informer, logger } = await start(
      [list('1', object('bad', '1', 'x'), object('good', '1', 'x')), stream('')],
      {
        prune,
      },
    );
    informer.store.index('value', (one) => {
      if (one.metadata.name === 'bad') throw new Error('cannot index');
      return ['v'];
    });
    await informer.synced();
    expect(informer.store.get('default', 'bad')?.data).toEqual({ value: 'x' });
    expect(informer.store.get('default', 'good')?.data).toEqual({});
    expect(informer.store.byIndex('value', 'v').map(({ metadata }) => metadata.name)).toEqual(['good']);
    expect(
      logger.entries.filter(({ level }) => level === 'error').map(({ message, fields }) => [message, fields['object']]),
    ).toEqual([
      ['an object cannot be pruned', 'default/bad'],
      ['an object cannot be indexed', 'default/bad'],
    ]);
  });

  it('tells a late listener of what is there', async () => {
    const { informer } = await start([list('1', object('a', '1'), object('b', '1')), stream('')]);
    await informer.synced();
    const seen: string[] = [];
    informer.onChange({ added: ({ metadata }) => seen.push(metadata.name) });
    expect(seen).toEqual(['a', 'b']);
  });

  it.each<readonly [string, readonly WatchEvent<ConfigMap>[], number, number]>([
    // The server ends a watch after 240 to 290 s, and sends a bookmark each minute if it sends any.
    ['beyond its own end', [], 259_000, 52_000],
    ['beyond its own end, events or not', [{ type: 'ADDED', object: object('a', '2') }], 259_000, 52_000],
    ['for longer than bookmarks take', [{ type: 'BOOKMARK', resourceVersion: '3' }], 149_000, 2_000],
  ])('gives a watch up that is silent %s', async (_, before, holdsMs, thenMs) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { client, requests } = await startFakeApiServer([list('1')]);
    const watches: AbortSignal[] = [];
    let sent = 0;
    const watch = async function* (_resource: Resource, { signal = AbortSignal.abort(), onOpen }: WatchOptions = {}) {
      watches.push(signal);
      onOpen?.();
      for (const event of before) {
        yield event;
        sent++;
      }
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(toError(signal.reason))));
    };
    const silent = { ...fencedClient(client, soleTerm), watch: watch as KubeClient['watch'] };
    const informer = createInformer(silent, configMaps, { logger: recordingLogger() });
    const stop = new AbortController();
    informer.start(stop.signal);
    await vi.waitFor(() => expect([watches.length, sent]).toEqual([1, before.length]), soon);
    expect(informer.isFollowing).toBe(true);
    await vi.advanceTimersByTimeAsync(holdsMs);
    expect(watches[0]?.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(thenMs);
    expect(watches[0]?.aborted).toBe(true);
    await vi.waitFor(() => expect(watches).toHaveLength(2), soon);
    expect(requests).toHaveLength(1);
    stop.abort();
    await informer.stopped;
  });

  it('stays stopped once it is stopped', async () => {
    const { client, requests } = await startFakeApiServer([list('1'), stream('')]);
    const informer = createInformer(client, configMaps, { logger: recordingLogger() });
    const stop = new AbortController();
    informer.start(stop.signal);
    await vi.waitFor(() => expect(requests).toHaveLength(2), soon);
    stop.abort();
    await informer.stopped;
    expect(() => informer.start(stop.signal)).toThrow('the informer of configmaps was already started');
    expect(requests).toHaveLength(2);
  });
});
