import type { ServerResponse } from 'node:http';
import { describe, expect, it, vi } from 'vitest';
import { hang, json, startFakeApiServer, statusAnswer } from './fake-api-server.testing.ts';
import { fencedClient } from './fenced-client.ts';
import { LeaseLostError } from './lease-term.ts';
import { configMaps } from './resources.ts';

const ref = { namespace: 'default', name: 'x' };
const object = { metadata: ref };
const soon = { timeout: 10_000, interval: 5 };

/** A term that a test ends: silently, as a stopped process would find it, or with the signal. */
function testTerm(remainingMs = 30_000) {
  const lost = new AbortController();
  const state = { isHeld: true };
  const error = new LeaseLostError('lost');
  return {
    lost: lost.signal,
    assertHeld: () => {
      if (!state.isHeld) throw error;
    },
    remainingMs: () => remainingMs,
    end: () => (state.isHeld = false),
    abort: () => lost.abort(error),
  };
}

describe('a fenced client', () => {
  it('sends no write of any kind once the lease may be lost, and reads on', async () => {
    const { client, requests } = await startFakeApiServer([json(object)]);
    const term = testTerm();
    const fenced = fencedClient(client, term);
    await fenced.create(configMaps, object);
    term.end();
    const writes = [
      fenced.create(configMaps, object),
      fenced.replace(configMaps, object),
      fenced.apply(configMaps, object, { fieldManager: 'test' }),
      fenced.mergePatch(configMaps, ref, {}),
      fenced.jsonPatch(configMaps, ref, []),
      fenced.delete(configMaps, ref),
    ];
    for (const write of writes) await expect(write).rejects.toThrow(LeaseLostError);
    await fenced.get(configMaps, ref);
    expect(requests).toEqual([
      'POST /api/v1/namespaces/default/configmaps',
      'GET /api/v1/namespaces/default/configmaps/x',
    ]);
  });

  it('does not send a write again that was put off while the lease was lost', async () => {
    const term = testTerm();
    const { client, requests } = await startFakeApiServer([
      (response, request) => {
        term.end();
        statusAnswer(429, 'TooManyRequests', { 'retry-after': '0' })(response, request);
      },
      json(object),
    ]);
    const write = fencedClient(client, term).apply(configMaps, object, { fieldManager: 'test' });
    await expect(write).rejects.toThrow(LeaseLostError);
    expect(requests).toHaveLength(1);
  });

  it('does not send a write that waited for a connection while the lease was lost', async () => {
    const held: ServerResponse[] = [];
    const { client, requests } = await startFakeApiServer([(response) => void held.push(response)]);
    const term = testTerm();
    const reads = Array.from({ length: 32 }, () => client.get(configMaps, ref));
    await vi.waitFor(() => expect(held).toHaveLength(32), soon);
    const write = fencedClient(client, term).create(configMaps, object);
    write.catch(() => undefined);
    // By now it is in the queue of the full pool.
    for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
    term.end();
    for (const response of held) response.end(JSON.stringify(object));
    await Promise.all(reads);
    await expect(write).rejects.toThrow(LeaseLostError);
    expect(requests.filter((request) => request.startsWith('POST'))).toEqual([]);
  });

  it('gives a write up before another could lead', async () => {
    const { client } = await startFakeApiServer([hang]);
    const write = fencedClient(client, testTerm(30)).create(configMaps, object);
    await expect(write).rejects.toThrow('create configmaps default/x: no answer within 30 ms');
  });

  it('ends what runs when the lease is lost', async () => {
    const { client, requests } = await startFakeApiServer([hang]);
    const term = testTerm();
    const fenced = fencedClient(client, term);
    const calls = [fenced.get(configMaps, ref), fenced.list(configMaps), fenced.create(configMaps, object)];
    for (const call of calls) call.catch(() => undefined);
    await vi.waitFor(() => expect(requests).toHaveLength(3), soon);
    term.abort();
    for (const call of calls) await expect(call).rejects.toThrow(LeaseLostError);
  });
});
