import { credentials, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startGrpcServer } from '../../lib/grpc-server/server.ts';
import type { Caller } from '../../lib/identity.ts';
import { unprovenCaller } from '../../lib/identity.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry, renderMetrics } from '../../lib/metrics.ts';
import type { ResourceType } from '../envoy/type-urls.ts';
import { AdsClient, sidecarNode } from './ads-client.testing.ts';
import { AdsServer } from './ads-server.ts';
import type { AdsServerOptions } from './ads-stream.ts';
import type { News, OnChange } from '../snapshot/snapshot-engine.ts';
import { nothingVisible, visibleOf } from './resources.testing.ts';
import { ServeMetrics } from './serve-metrics.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const web: Caller = {
  identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' },
  provenBy: 'service-account-token',
};

/** A server whose proxies all see what the test says. */
async function serve(options: Partial<AdsServerOptions> = {}) {
  const visible = {
    cluster: visibleOf('cluster', ['a']),
    endpoint: nothingVisible(),
    listener: nothingVisible(),
    route: nothingVisible(),
    virtualHost: nothingVisible(),
  };
  const listeners = new Map<string, OnChange>();
  const closed = vi.fn<(pod: string) => void>();
  const registry = createRegistry({ processMetrics: false });
  const logger = recordingLogger();
  const ads = new AdsServer({
    authenticate: () => Promise.resolve(unprovenCaller),
    configurationOf: (proxy, onChange) => {
      listeners.set(proxy.pod, onChange);
      return { visible: (type) => visible[type], close: () => closed(proxy.pod) };
    },
    logger,
    metrics: new ServeMetrics(registry),
    ...options,
  });
  const server = await startGrpcServer({ address: '127.0.0.1:0', methods: ads.methods });
  cleanups.push(() => server.close(1));
  return {
    ads,
    closed,
    logger,
    connect: (): AdsClient => {
      const client = new AdsClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
      cleanups.push(() => client.vanish());
      return client;
    },
    see: (type: ResourceType, ...names: string[]): void => {
      visible[type] = visibleOf(type, names, visible[type]);
      for (const onChange of listeners.values()) onChange(newsNow());
    },
    metrics: async () => (await renderMetrics(registry)).body,
  };
}

const namesIn = ({ resources }: { readonly resources: readonly { readonly name: string }[] }) =>
  resources.map(({ name }) => name);

describe('an ADS server', () => {
  it('sends what is asked for, then what changes', async () => {
    const { connect, see, ads, metrics } = await serve();
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    expect(namesIn(await client.next())).toEqual(['a']);
    see('cluster', 'a', 'b');
    expect(namesIn(await client.next())).toEqual(['b']);
    expect([...ads.connections].map(({ proxy }) => proxy.pod)).toEqual(['web-1']);
    expect(await metrics()).toContain('pilot_xds{version=""} 1');
  });

  it('is silent about types that it does not know', async () => {
    const { connect } = await serve();
    const client = connect();
    client.send({ typeUrl: 'type.googleapis.com/unknown.Type', node: sidecarNode('web-1', 'shop') });
    client.subscribe('cluster');
    expect((await client.next()).typeUrl).toMatch(/Cluster$/);
  });

  it('loses none of the requests that arrive while the caller is being authenticated', async () => {
    const proven = Promise.withResolvers<Caller>();
    const { connect, see } = await serve({ authenticate: () => proven.promise });
    const client = connect();
    see('listener', 'l');
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    client.subscribe('listener');
    client.subscribe('endpoint', ['x']);
    proven.resolve(unprovenCaller);
    const types = [await client.next(), await client.next(), await client.next()].map(({ typeUrl }) => typeUrl);
    expect(types.map((url) => url.split('.').at(-1))).toEqual(['Cluster', 'Listener', 'ClusterLoadAssignment']);
  });

  it('refuses a caller who proves nothing with UNAUTHENTICATED and the reason', async () => {
    const { connect, ads } = await serve({ authenticate: () => Promise.reject(new Error('the token has expired')) });
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    expect(await client.status()).toMatchObject({ code: status.UNAUTHENTICATED, details: 'the token has expired' });
    expect(ads.connectionCount).toBe(0);
  });

  it('asks a caller to come back, with UNAVAILABLE, when nobody could be asked about it', async () => {
    const error = Object.assign(new Error('the API server is away'), { kind: 'unavailable' });
    const { connect } = await serve({ authenticate: () => Promise.reject(error) });
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    expect(await client.status()).toMatchObject({ code: status.UNAVAILABLE, details: 'the API server is away' });
  });

  it.each([
    ['namespace', 'other', 'web'],
    ['service account', 'shop', 'admin'],
  ])('refuses a caller who claims another %s and names both', async (_what, namespace, serviceAccount) => {
    const configurationOf = vi.fn<AdsServerOptions['configurationOf']>();
    const { connect, logger } = await serve({ authenticate: () => Promise.resolve(web), configurationOf });
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', namespace, serviceAccount));
    const { code, details } = await client.status();
    expect(code).toBe(status.PERMISSION_DENIED);
    expect(details).toContain('shop/web');
    expect(details).toContain(`${namespace}/${serviceAccount}`);
    expect(configurationOf).not.toHaveBeenCalled();
    expect(logger.entries).toContainEqual(expect.objectContaining({ level: 'warn' }));
  });

  it('serves a caller who is who the node says', async () => {
    const { connect } = await serve({ authenticate: () => Promise.resolve(web) });
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop', 'web'));
    expect(namesIn(await client.next())).toEqual(['a']);
  });

  it.each([
    ['no node', undefined],
    ['a node that makes no sense', { id: 'nonsense' }],
  ])('refuses %s with INVALID_ARGUMENT', async (_what, node) => {
    const { connect } = await serve();
    const client = connect();
    client.subscribe('cluster', ['*'], node);
    expect(await client.status()).toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('closes the configuration of a client that vanishes, once', async () => {
    const { connect, closed, ads, metrics } = await serve();
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    await client.next();
    client.vanish();
    await vi.waitFor(() => expect(ads.connectionCount).toBe(0));
    expect(closed.mock.calls).toEqual([['web-1']]);
    expect(await metrics()).not.toMatch(/pilot_xds\{.*\} [1-9]/);
  });

  it('ends all streams with UNAVAILABLE when it closes, and those that come later too', async () => {
    const { connect, closed, ads } = await serve();
    const [client, another] = [connect(), connect()];
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    another.subscribe('cluster', ['*'], sidecarNode('web-2', 'shop'));
    await Promise.all([client.next(), another.next()]);
    ads.close();
    const down = { code: status.UNAVAILABLE, details: 'this istiod is shutting down' };
    expect(await client.status()).toMatchObject(down);
    expect(await another.status()).toMatchObject(down);
    expect(closed).toHaveBeenCalledTimes(2);
    const late = connect();
    late.subscribe('cluster', ['*'], sidecarNode('web-3', 'shop'));
    expect(await late.status()).toMatchObject(down);
  });

  it('ends one stream that it cannot serve, and serves the others', async () => {
    const visible = (pod: string) => {
      if (pod === 'broken-1') throw new Error('a fault');
      return visibleOf('cluster', ['a']);
    };
    const { connect, logger } = await serve({
      configurationOf: ({ pod }) => {
        if (pod === 'unopened-1') throw new Error('another fault');
        return { visible: () => visible(pod), close: () => undefined };
      },
    });
    for (const pod of ['broken-1', 'unopened-1']) {
      const client = connect();
      client.subscribe('cluster', ['*'], sidecarNode(pod, 'shop'));
      const { code, details } = await client.status();
      expect(code).toBe(status.INTERNAL);
      expect(details).not.toContain('fault');
    }
    expect(logger.entries.filter(({ level }) => level === 'error')).toHaveLength(2);
    const client = connect();
    client.subscribe('cluster', ['*'], sidecarNode('web-1', 'shop'));
    expect(namesIn(await client.next())).toEqual(['a']);
  });

  it('ends a stream that fails to take a change in, and tells the others of it', async () => {
    let broken = false;
    const listeners: OnChange[] = [];
    const { connect } = await serve({
      configurationOf: ({ pod }, onChange) => {
        listeners.push(onChange);
        return {
          visible: (type) => {
            if (broken && pod === 'web-1') throw new Error('a fault');
            return visibleOf(type, broken ? ['a', 'b'] : ['a']);
          },
          close: () => undefined,
        };
      },
    });
    const clients = [connect(), connect()];
    for (const [position, client] of clients.entries()) {
      client.subscribe('cluster', ['*'], sidecarNode(`web-${position + 1}`, 'shop'));
      await client.next();
    }
    broken = true;
    for (const onChange of listeners) onChange(newsNow());
    expect(await clients[0]?.status()).toMatchObject({ code: status.INTERNAL });
    const news = await clients[1]?.next();
    expect(news && namesIn(news)).toEqual(['b']);
  });
});

function newsNow(): News {
  const now = performance.now();
  return { changedAt: now, readyAt: now };
}
