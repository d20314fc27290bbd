import { describe, expect, it } from 'vitest';
import { client, holding } from './connection-client.testing.ts';

/** A client that was in sync with cluster `a`, listener `l` and route `80`, and comes to a mesh that has changed. */
function comingBack() {
  const it = client('delta');
  it.see('cluster', 'a', 'b');
  it.see('endpoint', 'a', 'b');
  it.see('listener', 'l=v2');
  it.see('route', '80=v2');
  return it;
}

describe('a client that goes on from another stream', () => {
  it('gets what uses clusters once it has answered for those', () => {
    const it = comingBack();
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a') });
    it.receive('endpoint', { subscribe: ['a'], held: holding('endpoint', 'a=v0') });
    it.receive('listener', { held: holding('listener', 'l') });
    it.receive('route', { subscribe: ['80'], held: holding('route', '80') });
    expect(it.look()).toEqual(['cluster:b', 'endpoint:a']);
    it.receive('endpoint', { subscribe: ['b'] });
    it.ack('endpoint');
    expect(it.look()).toEqual(['endpoint:b']);
    it.ack('cluster');
    expect(it.look()).toEqual(['listener:l', 'route:80']);
  });

  it('is told of clusters that are gone at the very end', () => {
    const it = comingBack();
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a', 'b', 'gone') });
    it.receive('listener', { held: holding('listener', 'l') });
    it.receive('route', { subscribe: ['80'], held: holding('route', '80') });
    expect(it.look()).toEqual(['cluster:']);
    it.ack('cluster');
    expect(it.look()).toEqual(['listener:l', 'route:80', 'cluster:-gone']);
    for (const type of ['listener', 'route', 'cluster'] as const) it.ack(type);
    expect(it.look()).toEqual([]);
  });

  it('keeps a cluster that was gone and is back before it was told', () => {
    const it = comingBack();
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a', 'b', 'gone') });
    it.receive('listener', { held: holding('listener', 'l') });
    it.change('cluster', 'a', 'b', 'gone');
    it.ack('cluster');
    expect(it.look()).toEqual(['cluster:', 'cluster:gone', 'listener:l']);
  });

  it('is answered with nothing where nothing differs', () => {
    const it = comingBack();
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a', 'b') });
    it.ack('cluster');
    it.receive('listener', { held: holding('listener', 'l=v2') });
    it.receive('route', { subscribe: ['80'], held: holding('route', '80=v2') });
    expect(it.look()).toEqual(['cluster:', 'listener:', 'route:']);
  });

  it('gets at once what it holds nothing of', () => {
    const it = comingBack();
    it.receive('cluster', { subscribe: ['*'] });
    it.receive('listener', {});
    expect(it.look()).toEqual(['cluster:a,b', 'listener:l']);
  });

  it('gets the names that it asked for while its first request had to wait, and not those it left', () => {
    const it = comingBack();
    it.see('route', '80=v2', '81', '82');
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a') });
    it.receive('route', { subscribe: ['80', '81'], held: holding('route', '80', '81') });
    it.receive('route', { subscribe: ['82'], unsubscribe: ['80'] });
    expect(it.look()).toEqual(['cluster:b']);
    it.ack('cluster');
    expect(it.look()).toEqual(['route:82']);
    it.ack('route');
    it.change('route', '80=v3', '81=v3', '82');
    expect(it.look()).toEqual(['route:81']);
  });

  it('still wants all listeners when it names one while its first request has to wait', () => {
    const it = comingBack();
    it.see('listener', 'l=v2', 'm');
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a') });
    it.receive('listener', { held: holding('listener', 'l') });
    it.receive('listener', { subscribe: ['l'] });
    it.ack('cluster');
    expect(it.look()).toEqual(['cluster:b', 'listener:l,m']);
  });

  it('gets a route again, whole, that it left and asked for again while its first request had to wait', () => {
    const it = comingBack();
    it.see('virtualHost', '80/x:80');
    it.receive('cluster', { subscribe: ['*'], held: holding('cluster', 'a') });
    it.receive('route', { subscribe: ['80'], held: holding('route', '80=v2') });
    it.receive('virtualHost', { held: holding('virtualHost', '80/x:80') });
    it.receive('route', { unsubscribe: ['80'] });
    it.receive('route', { subscribe: ['80'] });
    it.look();
    it.ack('cluster');
    expect(it.look()).toEqual(['route:80', 'virtualHost:80/x:80']);
  });
});
