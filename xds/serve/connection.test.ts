import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry } from '../../lib/metrics.ts';
import {
  DeltaDiscoveryResponseSchema,
  DiscoveryResponseSchema,
} from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import { resourceTypeOf, typeUrls } from '../envoy/type-urls.ts';
import type { DiscoveryEvent } from './connection.ts';
import { Connection } from './connection.ts';
import type { Proxy } from './proxy.ts';
import { visibleOf } from './resources.testing.ts';
import { ServeMetrics } from './serve-metrics.ts';
import type { VisibleSets } from './subscription.ts';
import { nothingVisible } from './subscription.ts';

const proxy: Proxy = {
  id: 'sidecar~10.1.0.1~web-1.shop~shop.svc',
  type: 'sidecar',
  addresses: ['10.1.0.1'],
  pod: 'web-1',
  namespace: 'shop',
  serviceAccount: 'web',
  labels: {},
  workload: 'web',
  version: '1',
  revision: '',
};

interface Sent {
  readonly type: ResourceType | undefined;
  readonly nonce: string;
  readonly names: readonly string[];
  readonly removed: readonly string[];
}

/** A client at the other end of a connection, which sees what is written at once and answers when it is told to. */
function client(protocol: 'delta' | 'sotw') {
  const visible: Record<ResourceType, VisibleSets> = {
    cluster: nothingVisible,
    endpoint: nothingVisible,
    listener: nothingVisible,
    route: nothingVisible,
  };
  const sent: Sent[] = [];
  const nonces: Record<string, string> = {};
  let takesMore = true;
  const logger = recordingLogger();
  const connection = new Connection({
    id: 'web-1.shop-1',
    proxy,
    protocol,
    visible: (type) => visible[type],
    write: (bytes) => {
      sent.push(protocol === 'delta' ? readDelta(bytes) : readSotw(bytes));
      const last = sent.at(-1);
      if (last !== undefined) nonces[last.type ?? ''] = last.nonce;
      return takesMore;
    },
    logger,
    metrics: new ServeMetrics(createRegistry({ processMetrics: false })),
  });
  const receive = (type: ResourceType, event: Partial<DiscoveryEvent>): void =>
    connection.receive({
      typeUrl: typeUrls[type],
      nonce: '',
      subscribe: [],
      unsubscribe: [],
      held: new Map(),
      ...event,
    });
  return {
    connection,
    logger,
    receive,
    fill: (takes: boolean) => (takesMore = takes),
    see: (type: ResourceType, ...names: string[]) => (visible[type] = visibleOf(type, names, visible[type])),
    /** Answers the last response of a type; a state of the world names everything again. */
    ack: (type: ResourceType, names: readonly string[] = [], error?: string) =>
      receive(type, { nonce: nonces[type] ?? '', subscribe: names, ...(error === undefined ? {} : { error }) }),
    /** What was written since the last look, as `type:names` and `type:-removed`. */
    look: () =>
      sent.splice(0).map(({ type, names, removed }) => {
        const gone = removed.map((name) => `-${name}`);
        return `${type ?? '?'}:${[...names, ...gone].join(',')}`;
      }),
  };
}

function readDelta(bytes: Buffer): Sent {
  const { typeUrl, nonce, resources, removedResources } = fromBinary(DeltaDiscoveryResponseSchema, bytes);
  const names = resources.map(({ name }) => name).sort();
  return { type: resourceTypeOf(typeUrl), nonce, names, removed: removedResources };
}

function readSotw(bytes: Buffer): Sent {
  const { typeUrl, nonce, resources } = fromBinary(DiscoveryResponseSchema, bytes);
  // The test's resources are the text `<name> <content>`; an empty assignment holds its name alone.
  const nameIn = (value: Uint8Array): string => /[\w.]+/.exec(Buffer.from(value).toString('latin1'))?.[0] ?? '';
  const names = resources.map(({ value }) => nameIn(value)).sort();
  return { type: resourceTypeOf(typeUrl), nonce, names, removed: [] };
}

/** A client that is in sync: a cluster, its endpoints, a listener and its route. */
function synced(protocol: 'delta' | 'sotw') {
  const it = client(protocol);
  it.see('cluster', 'a');
  it.see('endpoint', 'a');
  it.see('listener', 'l');
  it.see('route', '80');
  const wildcard = protocol === 'delta' ? ['*'] : [];
  it.receive('cluster', { subscribe: wildcard });
  it.ack('cluster', protocol === 'delta' ? [] : wildcard);
  it.receive('endpoint', { subscribe: ['a'] });
  it.ack('endpoint', protocol === 'delta' ? [] : ['a']);
  it.receive('listener', { subscribe: wildcard });
  it.ack('listener');
  it.receive('route', { subscribe: ['80'] });
  it.ack('route', protocol === 'delta' ? [] : ['80']);
  expect(it.look()).toEqual(['cluster:a', 'endpoint:a', 'listener:l', 'route:80']);
  return it;
}

describe.each(['delta', 'sotw'] as const)('a %s connection', (protocol) => {
  const names = (...some: string[]): string[] => (protocol === 'delta' ? [] : some);

  it('is silent about types that are not served', () => {
    const it = client(protocol);
    const typeUrl = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';
    it.connection.receive({ typeUrl, nonce: '', subscribe: ['x'], unsubscribe: [], held: new Map() });
    expect(it.look()).toEqual([]);
  });

  it('answers the first request of a type even where there is nothing', () => {
    const it = client(protocol);
    it.receive('listener', {});
    expect(it.look()).toEqual(['listener:']);
  });

  it('sends changes of clusters first, then endpoints, listeners and routes', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.see('listener', 'l=v2');
    it.see('endpoint', 'a=v2');
    it.see('cluster', 'a=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a', 'listener:l', 'route:80']);
  });

  it('removes a cluster after the route that used it', () => {
    const it = synced(protocol);
    it.see('cluster', 'a', 'b');
    it.connection.flush();
    it.ack('cluster');
    it.look();
    it.see('cluster', 'a');
    it.see('route', '80=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['route:80', protocol === 'delta' ? 'cluster:-b' : 'cluster:a']);
  });

  it('keeps a cluster for as long as the route that used it cannot be replaced', () => {
    const it = synced(protocol);
    it.see('cluster', 'a', 'b');
    it.see('route', '80=v2');
    it.connection.flush();
    it.ack('cluster');
    it.look();
    // The route is unanswered, and out of date.
    it.see('cluster', 'a');
    it.see('route', '80=v3');
    it.connection.flush();
    expect(it.look()).toEqual([]);
    it.ack('route', names('80'));
    expect(it.look()).toEqual(['route:80', protocol === 'delta' ? 'cluster:-b' : 'cluster:a']);
    it.ack('cluster');
    expect(it.look()).toEqual([]);
  });

  it('does not remove a cluster that came back meanwhile', () => {
    const it = synced(protocol);
    it.see('cluster', 'a', 'b');
    it.see('route', '80=v2');
    it.connection.flush();
    it.ack('cluster');
    it.see('cluster', 'a');
    it.see('route', '80=v3');
    it.connection.flush();
    it.look();
    it.see('cluster', 'a', 'b');
    it.ack('route', names('80'));
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b', 'route:80']);
    it.ack('cluster');
    it.ack('route', names('80'));
    expect(it.look()).toEqual([]);
  });

  it('sends clusters though earlier ones are unanswered, since one that is slow to warm keeps the answer back', () => {
    const it = synced(protocol);
    for (const version of ['v2', 'v3']) {
      it.see('cluster', `a=${version}`);
      it.connection.flush();
      it.ack('endpoint', names('a'));
    }
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a', 'cluster:a', 'endpoint:a']);
    // The last answer holds for both.
    it.ack('cluster');
    expect(it.connection.subscriptions.get('cluster')?.settled).toBe(true);
  });

  it('holds routes back while clusters that they may need cannot be sent, but not endpoints', () => {
    const it = synced(protocol);
    for (let version = 2; version < 10; version++) {
      it.see('cluster', `a=v${version}`);
      it.connection.flush();
      it.ack('endpoint', names('a'));
    }
    it.look();
    it.see('cluster', 'a=v10', 'b');
    it.see('route', '80=v2');
    it.connection.flush();
    expect(it.look()).toEqual([]);
    it.see('endpoint', 'a=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['endpoint:a']);
    it.ack('endpoint', names('a'));
    it.ack('cluster');
    expect(it.look()).toEqual(['cluster:a,b', 'endpoint:a', 'route:80']);
  });

  it('has an answer for endpoints that are asked for when their cluster is gone already', () => {
    const it = synced(protocol);
    if (protocol === 'delta') it.receive('endpoint', { subscribe: ['gone'] });
    else it.ack('endpoint', ['a', 'gone']);
    expect(it.look()).toEqual(['endpoint:gone']);
  });

  it('merges changes while a response is unanswered', () => {
    const it = synced(protocol);
    for (const version of ['v2', 'v3', 'v4']) {
      it.see('listener', `l=${version}`);
      it.connection.flush();
    }
    expect(it.look()).toEqual(['listener:l']);
    it.ack('listener');
    expect(it.look()).toEqual(['listener:l']);
    it.ack('listener');
    expect(it.look()).toEqual([]);
  });

  it('sends the endpoints of changed clusters again, which Envoy warms anew', () => {
    const it = synced(protocol);
    it.see('cluster', 'a=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a']);
    it.see('cluster', 'a=v2', 'b');
    it.ack('cluster');
    it.ack('endpoint', names('a'));
    // Only those of clusters that changed.
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b']);
  });

  it('does not send again what was rejected until something changes', () => {
    const it = synced(protocol);
    it.see('listener', 'l=v2');
    it.connection.flush();
    it.look();
    it.ack('listener', [], 'unknown filter');
    it.connection.flush();
    expect(it.look()).toEqual([]);
    expect(it.connection.subscriptions.get('listener')?.lastError).toBe('unknown filter');
    expect(it.logger.entries).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ error: 'unknown filter' }) as object,
      }),
    );
    it.see('listener', 'l=v3');
    it.connection.flush();
    expect(it.look()).toEqual(['listener:l']);
    it.ack('listener');
    expect(it.connection.subscriptions.get('listener')?.lastError).toBeUndefined();
  });

  it('sends the newest state, once, when a full stream takes more again', () => {
    const it = synced(protocol);
    it.fill(false);
    it.see('cluster', 'a=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['cluster:a']);
    it.ack('cluster');
    it.see('listener', 'l=v2');
    it.connection.flush();
    it.see('listener', 'l=v3');
    it.see('route', '80=v2');
    it.connection.flush();
    expect(it.look()).toEqual([]);
    it.fill(true);
    it.connection.drained();
    expect(it.look()).toEqual(['endpoint:a', 'listener:l', 'route:80']);
  });

  it('takes no names without end', () => {
    const it = client(protocol);
    const subscribe = Array.from({ length: 200_001 }, (_, position) => `name-${position}`);
    expect(() => it.receive('endpoint', { subscribe })).toThrow('more than 200000 names of type eds');
  });
});

describe('a delta connection', () => {
  it('sends again the endpoints of a changed cluster also when others were asked for first', () => {
    const it = synced('delta');
    it.see('endpoint', 'a=v2', 'b');
    it.connection.flush(); // endpoints are unanswered now
    it.see('cluster', 'a=v2', 'b');
    it.connection.flush();
    it.receive('endpoint', { subscribe: ['b'] });
    expect(it.look()).toEqual(['endpoint:a', 'cluster:a,b', 'endpoint:b']);
    for (const nonce of ['web-1.shop-1-5', 'web-1.shop-1-7']) it.receive('endpoint', { nonce });
    expect(it.look()).toEqual(['endpoint:a']);
  });

  it('takes changes of a subscription with a stale nonce all the same', () => {
    const it = synced('delta');
    it.see('endpoint', 'a', 'b');
    it.receive('endpoint', { nonce: 'of-old', subscribe: ['b'] });
    expect(it.look()).toEqual(['endpoint:b']);
  });
});

describe('a state-of-the-world connection', () => {
  it('ignores a request with a stale nonce', () => {
    const it = synced('sotw');
    it.see('endpoint', 'a', 'b');
    it.receive('endpoint', { nonce: 'of-old', subscribe: ['a', 'b'] });
    expect(it.look()).toEqual([]);
    it.ack('endpoint', ['a', 'b']);
    expect(it.look()).toEqual(['endpoint:b']);
  });

  it('takes the last nonce with the same names for an answer, with others for a question', () => {
    const it = synced('sotw');
    it.see('route', '80', '81');
    it.ack('route', ['80']);
    expect(it.look()).toEqual([]);
    it.ack('route', ['80', '81']);
    expect(it.look()).toEqual(['route:81']);
    it.ack('route', ['81']);
    expect(it.look()).toEqual([]);
  });

  it('sends all again to who asks without a nonce', () => {
    const it = synced('sotw');
    it.receive('route', { subscribe: ['80'] });
    expect(it.look()).toEqual(['route:80']);
  });
});
