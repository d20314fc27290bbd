import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, nothingVisibleOfAnyType, synced } from './connection-client.testing.ts';
import { visibleOf } from './resources.testing.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());

describe.each(['delta', 'sotw'] as const)('what uses clusters, on a %s connection,', (protocol) => {
  const names = (...some: string[]): string[] => (protocol === 'delta' ? [] : some);
  const without = (cluster: string, ...left: string[]): string =>
    protocol === 'delta' ? `cluster:-${cluster}` : `cluster:${left.join(',')}`;

  it('is sent once the client has answered for the clusters; endpoints, for which it waits, are sent at once', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.see('listener', 'l=v2');
    it.see('endpoint', 'a=v2');
    it.change('cluster', 'a=v2');
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a']);
    it.ack('endpoint', names('a'));
    expect(it.look()).toEqual([]);
    it.ack('cluster');
    expect(it.look()).toEqual(['listener:l', 'route:80']);
  });

  it('is sent after 6 s without an answer, since one slow cluster must not hold up all routes', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.change('cluster', 'a=v2');
    vi.advanceTimersByTime(5_900);
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a']);
    vi.advanceTimersByTime(200);
    expect(it.look()).toEqual(['route:80']);
  });

  it('is not held up for longer where clusters change again and again, and some are always unanswered', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    const seen: string[] = [];
    const nonces: string[] = [];
    for (let second = 0; second < 9; second++) {
      it.change('cluster', `a=${String(second)}`);
      nonces.push(it.last('cluster')?.nonce ?? '');
      it.ack('endpoint', names('a'));
      if (second >= 3) it.receive('cluster', { nonce: nonces[second - 3] ?? '' });
      vi.advanceTimersByTime(1_000);
      seen.push(...it.look());
    }
    expect(seen.filter((text) => text === 'route:80')).toEqual(['route:80']);
  });

  it('is never waited for after the connection is closed', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.change('cluster', 'a=v2');
    it.look();
    it.connection.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(10_000);
    expect(it.look()).toEqual([]);
  });

  it('harms nobody else when it can not be sent after all', () => {
    const visible = nothingVisibleOfAnyType();
    const onFault = vi.fn<(error: unknown) => void>();
    let isBroken = false;
    const onSent = () => {
      if (isBroken) throw new Error('a fault');
      return true;
    };
    const { connection, receive } = connect(protocol, visible, onSent, onFault);
    for (const type of ['cluster', 'listener'] as const) receive(type, {});
    visibleOf('listener', ['l'], visible.listener);
    visibleOf('cluster', ['a'], visible.cluster);
    receive('listener', { nonce: 'web-1.shop-1-2' });
    isBroken = true;
    vi.advanceTimersByTime(10_000);
    expect(onFault.mock.calls).toEqual([[new Error('a fault')]]);
    connection.close();
  });

  it('is sent before a cluster that it used is removed', () => {
    const it = synced(protocol);
    it.change('cluster', 'a', 'b');
    it.ack('cluster');
    it.look();
    it.see('cluster', 'a');
    it.see('route', '80=v2');
    it.connection.flush();
    expect(it.look()).toEqual(['route:80', without('b', 'a')]);
  });

  it('keeps its cluster for as long as it cannot be replaced', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.change('cluster', 'a', 'b');
    it.ack('cluster');
    expect(it.look().at(-1)).toBe('route:80');
    // The route is unanswered, and out of date.
    it.see('cluster', 'a');
    it.change('route', '80=v3');
    expect(it.look()).toEqual([]);
    it.ack('route', names('80'));
    expect(it.look()).toEqual(['route:80', without('b', 'a')]);
    it.ack('cluster');
    expect(it.look()).toEqual([]);
  });

  it('does not lose a cluster that came back meanwhile', () => {
    const it = synced(protocol);
    it.see('route', '80=v2');
    it.change('cluster', 'a', 'b');
    it.ack('cluster');
    it.see('cluster', 'a');
    it.change('route', '80=v3');
    it.look();
    it.see('cluster', 'a', 'b');
    it.ack('route', names('80'));
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b']);
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80']);
    it.ack('route', names('80'));
    expect(it.look()).toEqual([]);
  });

  it('waits too while clusters that it may need cannot be sent, but endpoints do not', () => {
    const it = synced(protocol);
    for (let version = 2; version < 10; version++) {
      it.change('cluster', `a=v${String(version)}`);
      it.ack('endpoint', names('a'));
    }
    it.look();
    it.see('cluster', 'a=v10', 'b');
    it.change('route', '80=v2');
    expect(it.look()).toEqual([]);
    it.change('endpoint', 'a=v2');
    expect(it.look()).toEqual(['endpoint:a']);
    it.ack('endpoint', names('a'));
    it.ack('cluster');
    expect(it.look()).toEqual(['cluster:a,b', 'endpoint:a']);
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80']);
  });
});

describe.each(['delta', 'sotw'] as const)('clusters on a %s connection', (protocol) => {
  const names = (...some: string[]): string[] => (protocol === 'delta' ? [] : some);

  it('are sent though earlier ones are unanswered, since one that is slow to warm keeps the answer back', () => {
    const it = synced(protocol);
    for (const version of ['v2', 'v3']) {
      it.change('cluster', `a=${version}`);
      it.ack('endpoint', names('a'));
    }
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a', 'cluster:a', 'endpoint:a']);
    // The last answer holds for both.
    it.ack('cluster');
    expect(it.connection.subscriptions.get('cluster')?.settled).toBe(true);
  });

  it('that changed get their endpoints again, which Envoy waits for', () => {
    const it = synced(protocol);
    it.change('cluster', 'a=v2');
    expect(it.look()).toEqual(['cluster:a', 'endpoint:a']);
    it.see('cluster', 'a=v2', 'b');
    it.ack('cluster');
    it.ack('endpoint', names('a'));
    // Only those of clusters that changed.
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b']);
  });

  it('that are gone already have an answer for who asks for their endpoints', () => {
    const it = synced(protocol);
    if (protocol === 'delta') it.receive('endpoint', { subscribe: ['gone'] });
    else it.ack('endpoint', ['a', 'gone']);
    expect(it.look()).toEqual(['endpoint:gone']);
  });
});

describe('a change of names', () => {
  it.each(['delta', 'sotw'] as const)('lets no %s route overtake the clusters that it needs', (protocol) => {
    const it = synced(protocol);
    it.see('route', '80=v2', '81');
    it.change('cluster', 'a', 'b');
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b']);
    if (protocol === 'delta') it.receive('route', { subscribe: ['81'] });
    else it.ack('route', ['80', '81']);
    expect(it.look()).toEqual([]);
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80,81']);
  });

  it.each(['delta', 'sotw'] as const)('lets no %s route overtake clusters that are to be sent yet', (protocol) => {
    const it = synced(protocol);
    it.see('route', '80=v2', '81');
    it.see('cluster', 'b', 'a');
    if (protocol === 'delta') it.receive('route', { subscribe: ['81'] });
    else it.ack('route', ['80', '81']);
    expect(it.look()).toEqual([protocol === 'delta' ? 'cluster:b' : 'cluster:a,b']);
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80,81']);
  });

  it('of the whole state to fewer routes counts, though another follows while both wait for clusters', () => {
    const it = synced('sotw');
    it.change('cluster', 'a', 'b');
    it.ack('route', []);
    it.ack('route', ['80']);
    it.look();
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80']);
  });

  it('takes no names without end, even while they wait', () => {
    const it = synced('delta');
    it.change('cluster', 'a', 'b');
    const ask = (prefix: string) => {
      const subscribe = Array.from({ length: 150_000 }, (_, position) => `${prefix}${String(position)}`);
      it.receive('route', { subscribe });
    };
    for (const prefix of ['a', 'b']) ask(prefix);
    expect(() => ask('c')).toThrow('more than 200000 names of type rds');
  });

  it('that is taken back while it waits is not answered', () => {
    const it = synced('delta');
    it.see('route', '80', '81', '82');
    it.change('cluster', 'a', 'b');
    it.look();
    it.receive('route', { subscribe: ['81', '82', 'none'] });
    it.receive('route', { unsubscribe: ['81'] });
    it.ack('cluster');
    expect(it.look()).toEqual(['route:82,-none']);
  });
});
