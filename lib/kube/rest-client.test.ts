import { describe, expect, it } from 'vitest';
import { ConnectionError } from './error.ts';
import { hang, json, reset, startFakeApiServer, statusAnswer, stream } from './fake-api-server.testing.ts';
import { configMaps, pods } from './resources.ts';

// A fake server: a real one cannot be made to be overloaded or to break a connection at a given moment.

const ref = { namespace: 'default', name: 'x' };
const object = { metadata: { ...ref, resourceVersion: '1' } };

describe('retries', () => {
  it('wait as long as an overloaded server asks, also for calls that change something', async () => {
    const { client, requests } = await startFakeApiServer([
      statusAnswer(429, 'TooManyRequests', { 'retry-after': '0' }),
      json(object),
    ]);
    expect(await client.create(configMaps, { metadata: ref })).toEqual(object);
    expect(requests).toHaveLength(2);
  });

  it('are not made when the server asks for more time than there is', async () => {
    const { client, requests } = await startFakeApiServer([
      statusAnswer(429, 'TooManyRequests', { 'retry-after': '60' }),
    ]);
    await expect(client.get(configMaps, ref)).rejects.toThrow('get configmaps default/x: it is TooManyRequests');
    expect(requests).toHaveLength(1);
  });

  it('are made after a broken connection where repeating does no harm, and only there', async () => {
    const harmless = await startFakeApiServer([reset, json(object)]);
    expect(await harmless.client.get(configMaps, ref)).toEqual(object);
    expect(harmless.requests).toHaveLength(2);
    const harmful = await startFakeApiServer([reset, json(object)]);
    await expect(harmful.client.create(configMaps, { metadata: ref })).rejects.toThrow(ConnectionError);
    expect(harmful.requests).toHaveLength(1);
  });

  it('end some time', async () => {
    const { client, requests } = await startFakeApiServer([reset]);
    await expect(client.get(configMaps, ref)).rejects.toThrow('no connection to the API server at http://127.0.0.1');
    expect(requests).toHaveLength(5);
  });

  it('read the credentials again when they are refused', async () => {
    let token = 'old';
    const { client, requests } = await startFakeApiServer(
      [
        (response, request) => {
          const isNew = request.headers.authorization === 'Bearer new';
          token = 'new';
          (isNew ? json(object) : statusAnswer(401, 'Unauthorized'))(response, request);
        },
      ],
      () => `Bearer ${token}`,
    );
    expect(await client.get(configMaps, ref)).toEqual(object);
    expect(requests).toHaveLength(2);
  });
});

describe('limits', () => {
  it('end a call that gets no answer, with its name', async () => {
    const { client } = await startFakeApiServer([hang]);
    await expect(client.get(configMaps, ref, { timeoutMs: 20 })).rejects.toThrow(
      'get configmaps default/x: no answer within 20 ms',
    );
  });

  it('hold for what is sent slowly, too', async () => {
    const { client } = await startFakeApiServer([stream('{"metadata":')]);
    await expect(client.get(configMaps, ref, { timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms');
  });

  it('end a call at the caller’s signal, with its reason', async () => {
    const { client } = await startFakeApiServer([hang]);
    const stop = new AbortController();
    const call = client.get(configMaps, ref, { signal: stop.signal });
    stop.abort(new Error('shutting down'));
    await expect(call).rejects.toThrow('shutting down');
  });
});

describe('lists', () => {
  it('start anew in one piece when their snapshot is gone between two pages', async () => {
    const { client, requests } = await startFakeApiServer([
      json({ metadata: { resourceVersion: '1', continue: 'next' }, items: [object] }),
      statusAnswer(410, 'Expired'),
      json({ metadata: { resourceVersion: '2' }, items: [object, object] }),
    ]);
    const list = await client.list(pods);
    expect(list).toMatchObject({ resourceVersion: '2', items: [object, object] });
    expect(requests).toEqual([
      'GET /api/v1/pods?limit=500',
      'GET /api/v1/pods?limit=500&continue=next',
      'GET /api/v1/pods',
    ]);
  });

  it('say so when the answer is no JSON', async () => {
    const { client } = await startFakeApiServer([(response) => void response.end('<html>')]);
    await expect(client.list(pods)).rejects.toThrow('list pods: the answer is not JSON');
  });
});

describe('addresses', () => {
  it('need a namespace for a namespaced kind, and a name', async () => {
    const { client, requests } = await startFakeApiServer([json(object)]);
    await expect(client.get(configMaps, { name: 'x' })).rejects.toThrow('ConfigMap x needs a namespace');
    await expect(client.create(configMaps, { metadata: { name: 'x' } })).rejects.toThrow('needs a namespace');
    await expect(client.delete(configMaps, { namespace: 'default', name: '' })).rejects.toThrow('needs a name');
    expect(requests).toEqual([]);
  });

  it('cannot be escaped by a name', async () => {
    const { client, requests } = await startFakeApiServer([json(object)]);
    await client.get(configMaps, { namespace: 'default', name: '../secrets/x?y' });
    expect(requests).toEqual(['GET /api/v1/namespaces/default/configmaps/..%2Fsecrets%2Fx%3Fy']);
  });
});

describe('a watch', () => {
  const added = `${JSON.stringify({ type: 'ADDED', object })}\n`;

  it('closes its connection when the consumer leaves it', async () => {
    const closed = Promise.withResolvers<undefined>();
    const { client } = await startFakeApiServer([
      (response, request) => {
        response.on('close', () => closed.resolve(undefined));
        stream(added)(response, request);
      },
    ]);
    for await (const event of client.watch(pods)) {
      expect(event.type).toBe('ADDED');
      break;
    }
    await closed.promise;
  });

  it('fails for the reason that an ERROR event gives', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' };
    const { client } = await startFakeApiServer([stream(`${JSON.stringify({ type: 'ERROR', object: status })}\n`)]);
    await expect(client.watch(pods).next()).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });

  it('fails at a line that is no event, rather than missing it', async () => {
    const { client } = await startFakeApiServer([stream(`${added}{"type":\n`)]);
    const events = client.watch(pods);
    expect((await events.next()).done).toBe(false);
    await expect(events.next()).rejects.toThrow('watch pods: malformed watch event');
  });

  it('puts characters together that arrive in two pieces', async () => {
    const line = Buffer.from(`${JSON.stringify({ type: 'ADDED', object: { metadata: { name: 'é' } } })}\n`);
    const middle = line.indexOf(0xc3) + 1;
    const { client } = await startFakeApiServer([
      (response) => {
        response.writeHead(200);
        response.write(line.subarray(0, middle), () => setTimeout(() => response.write(line.subarray(middle)), 10));
      },
    ]);
    expect(await client.watch(pods).next()).toMatchObject({ value: { object: { metadata: { name: 'é' } } } });
  });
});
