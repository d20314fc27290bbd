import { describe, expect, it } from 'vitest';
import { client, holding } from './connection-client.testing.ts';

/** A client with route configurations 80 and 81, of which 80 has hosts. */
function synced() {
  const it = client('delta');
  it.see('route', '80', '81');
  it.see('virtualHost', '80/a:80', '80/b:80');
  it.receive('route', { subscribe: ['80', '81'] });
  it.ack('route');
  it.receive('virtualHost', {});
  it.ack('virtualHost');
  it.look();
  return it;
}

describe('virtual hosts', () => {
  it('go behind their configuration, without a wait for its answer', () => {
    const it = synced();
    it.see('route', '80', '81', '82');
    it.change('virtualHost', '80/a:80', '80/b:80', '82/a:82');
    expect(it.look()).toEqual([]);
    it.receive('route', { subscribe: ['82'] });
    expect(it.look()).toEqual(['route:82', 'virtualHost:82/a:82']);
  });

  it('of a configuration that the client has not got are not sent at all', () => {
    const it = synced();
    it.change('virtualHost', '80/a:80', '80/b:80=v2', '99/a:99');
    expect(it.look()).toEqual(['virtualHost:80/b:80']);
    it.ack('virtualHost');
    it.change('virtualHost', '80/a:80', '80/b:80=v2');
    expect(it.look()).toEqual([]);
  });

  it('wait for the first request for them', () => {
    const it = client('delta');
    it.see('route', '80');
    it.see('virtualHost', '80/a:80', '81/a:81');
    it.receive('route', { subscribe: ['80'] });
    it.ack('route');
    expect(it.look()).toEqual(['route:80']);
    it.receive('virtualHost', {});
    expect(it.look()).toEqual(['virtualHost:80/a:80']);
  });

  it('are sent when they change, come and go, in one response', () => {
    const it = synced();
    it.change('virtualHost', '80/a:80=v2', '80/c:80', '81/c:81');
    expect(it.look()).toEqual(['virtualHost:80/a:80,80/c:80,81/c:81,-80/b:80']);
  });

  it('are kept by a client whose configuration merely changes', () => {
    const it = synced();
    it.change('route', '80=v2', '81');
    expect(it.look()).toEqual(['route:80']);
  });

  it('are all sent again, though unchanged, when their configuration is newly subscribed', () => {
    const it = synced();
    it.receive('route', { unsubscribe: ['80'] });
    it.change('virtualHost', '80/a:80', '80/b:80=v2', '80/c:80');
    expect(it.look()).toEqual([]);
    it.receive('route', { subscribe: ['80'] });
    expect(it.look()).toEqual(['route:80', 'virtualHost:80/a:80,80/b:80,80/c:80']);
    it.ack('virtualHost');
    it.ack('route');
    expect(it.look()).toEqual([]);
  });

  it('that are unanswered do not keep those of a new configuration from coming, but for their own answer', () => {
    const it = synced();
    it.see('route', '80', '81', '82');
    it.change('virtualHost', '80/a:80=v2', '80/b:80', '82/a:82');
    expect(it.look()).toEqual(['virtualHost:80/a:80']);
    it.receive('route', { subscribe: ['82'] });
    expect(it.look()).toEqual(['route:82']);
    it.ack('virtualHost');
    expect(it.look()).toEqual(['virtualHost:82/a:82']);
  });

  it('that a configuration does not have are said to be removed, once, which ends the wait for them', () => {
    const it = client('delta');
    it.see('route', '80', '81');
    it.receive('route', { subscribe: ['80'] });
    it.receive('virtualHost', {});
    expect(it.look()).toEqual(['route:80', 'virtualHost:-80/']);
    it.ack('virtualHost');
    it.receive('route', { subscribe: ['81'] });
    expect(it.look()).toEqual(['route:81', 'virtualHost:-81/']);
    it.ack('virtualHost');
    it.change('virtualHost', '80/a:80');
    expect(it.look()).toEqual(['virtualHost:80/a:80']);
    it.ack('virtualHost');
    it.change('virtualHost');
    expect(it.look()).toEqual(['virtualHost:-80/a:80']);
  });

  it('of a configuration that comes later come with it', () => {
    const it = client('delta');
    it.receive('route', { subscribe: ['80'] });
    it.ack('route');
    it.receive('virtualHost', {});
    it.ack('virtualHost');
    expect(it.look()).toEqual(['route:-80', 'virtualHost:']);
    it.see('virtualHost', '80/a:80');
    it.change('route', '80');
    expect(it.look()).toEqual(['route:80', 'virtualHost:80/a:80']);
  });

  it('go with their configuration, and come back with it', () => {
    const it = synced();
    it.see('virtualHost');
    it.change('route', '81');
    expect(it.look()).toEqual(['route:-80', 'virtualHost:-80/a:80,-80/b:80']);
    it.ack('route');
    it.ack('virtualHost');
    it.see('virtualHost', '80/a:80', '80/b:80');
    it.change('route', '80', '81');
    expect(it.look()).toEqual(['route:80', 'virtualHost:80/a:80,80/b:80']);
  });

  it('are not pushed to a client of the whole state, which has them in its configurations', () => {
    const it = client('sotw');
    it.see('route', '80');
    it.receive('route', { subscribe: ['80'] });
    it.ack('route', ['80']);
    it.look();
    it.change('route', '80=v2');
    expect(it.look()).toEqual(['route:80']);
  });
});

describe('virtual hosts of a client that goes on from another stream', () => {
  /** Its clusters are unanswered until `settle`. */
  function comingBack(held: { readonly route: readonly string[]; readonly virtualHost: readonly string[] }) {
    const it = client('delta');
    it.see('route', '80', '81');
    it.see('virtualHost', '80/a:80', '80/b:80=v2', '81/a:81');
    it.receive('cluster', { subscribe: ['*'] });
    it.receive('route', { subscribe: ['80', '81'], held: holding('route', ...held.route) });
    it.receive('virtualHost', { held: holding('virtualHost', ...held.virtualHost) });
    return { ...it, settle: () => it.ack('cluster') };
  }

  it('are sent where they differ, and told where they are gone, and nothing else', () => {
    const it = comingBack({ route: ['80', '81'], virtualHost: ['80/a:80', '80/b:80', '80/gone:80', '81/a:81'] });
    expect(it.look()).toEqual(['cluster:']);
    it.settle();
    expect(it.look()).toEqual(['route:', 'virtualHost:80/b:80,-80/gone:80']);
    it.ack('virtualHost');
    it.change('virtualHost', '80/a:80', '80/b:80=v2', '81/a:81=v2');
    expect(it.look()).toEqual(['virtualHost:81/a:81']);
  });

  it('are not believed to be held where their configuration is not', () => {
    const it = comingBack({ route: ['80'], virtualHost: ['80/a:80', '80/b:80=v2', '81/a:81', '82/x:82'] });
    it.settle();
    expect(it.look()).toEqual(['cluster:', 'route:81', 'virtualHost:81/a:81,-82/x:82']);
  });

  it('are believed to be held where their configuration is held in another version', () => {
    const it = comingBack({ route: ['80=v0', '81'], virtualHost: ['80/a:80', '80/b:80=v2', '81/a:81'] });
    it.settle();
    expect(it.look()).toEqual(['cluster:', 'route:80', 'virtualHost:']);
  });

  it('are sent to who holds their configuration, but no host at all', () => {
    const it = comingBack({ route: ['80', '81'], virtualHost: [] });
    it.settle();
    const sent = it.look();
    expect(sent.slice(0, 2)).toEqual(['cluster:', 'route:']);
    expect(sent.slice(2)).toEqual(['virtualHost:80/a:80,80/b:80,81/a:81']);
  });

  it('are told to be none where a configuration has none: its last stream may have ended before it was told', () => {
    const it = client('delta');
    it.see('route', '80', '81');
    it.receive('route', { subscribe: ['80', '81'], held: holding('route', '80') });
    it.receive('virtualHost', {});
    expect(it.look()).toEqual(['route:81', 'virtualHost:-80/,-81/']);
  });
});
