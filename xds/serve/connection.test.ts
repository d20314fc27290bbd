import { describe, expect, it } from 'vitest';
import { client, synced } from './connection-client.testing.ts';

describe.each(['delta', 'sotw'] as const)('a %s connection', (protocol) => {
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
