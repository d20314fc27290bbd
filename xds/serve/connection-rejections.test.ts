import { describe, expect, it } from 'vitest';
import type { ResourceType } from '../envoy/type-urls.ts';
import { client, holding, synced } from './connection-client.testing.ts';

type Client = ReturnType<typeof client>;

const rejection = (it: Client, type: ResourceType) => it.connection.subscriptions.get(type)?.lastError;
const warnings = (it: Client) => it.logger.entries.filter(({ level }) => level === 'warn').map(({ fields }) => fields);

/** Answers responses of a type for as long as there are any: rejects those with a bad resource. Returns what was sent. */
function answer(it: Client, type: ResourceType, isBad: (name: string) => boolean, words = 'missing ): (') {
  const seen: string[] = [];
  for (let sent = it.look(); sent.length > 0; sent = it.look()) {
    seen.push(...sent);
    if (seen.length > 500) throw new Error('there is no end of responses');
    const bad = it.last(type)?.resources.find(({ name }) => isBad(name));
    it.ack(type, [], bad === undefined ? undefined : words.replace('%', bad.name));
  }
  return seen;
}

function withHosts(...names: string[]) {
  const it = client('delta');
  it.see('route', '80');
  it.receive('route', { subscribe: ['80'] });
  it.ack('route');
  it.receive('virtualHost', {});
  it.ack('virtualHost');
  it.look();
  it.change('virtualHost', ...names);
  return it;
}

describe.each(['delta', 'sotw'] as const)('what a client rejects, on a %s connection,', (protocol) => {
  it('is told in the log with its objects, is not sent again before it changes, and then forgotten', () => {
    const it = synced(protocol);
    it.change('listener', 'l=v2');
    it.look();
    it.ack('listener', [], 'unknown filter');
    it.connection.flush();
    expect(it.look()).toEqual([]);
    expect(rejection(it, 'listener')).toBe('unknown filter');
    const told = { proxy: it.connection.proxy.id, type: 'lds', error: 'unknown filter' };
    expect(warnings(it)).toEqual([{ ...told, resources: ['l'], objects: ['Test/default/l'] }]);
    it.change('listener', 'l=v3');
    expect(it.look()).toEqual(['listener:l']);
    it.ack('listener');
    expect(rejection(it, 'listener')).toBeUndefined();
  });

  it('is forgotten once it is gone', () => {
    const it = synced(protocol);
    it.change('listener', 'l', 'm');
    it.ack('listener', [], 'unknown filter');
    if (protocol === 'delta') expect(rejection(it, 'listener')).toBe('unknown filter');
    it.look();
    it.change('listener', 'l');
    expect(it.look()).toEqual([protocol === 'delta' ? 'listener:-m' : 'listener:l']);
    it.ack('listener');
    expect(rejection(it, 'listener')).toBeUndefined();
  });
});

describe('a delta client that rejects a response', () => {
  const letters = Array.from('abcdefghijklmnop', (letter) => `80/${letter}`);

  it('is sent everything else of it again, and the bad one alone', () => {
    const it = withHosts(...letters, '80/old');
    answer(it, 'virtualHost', () => false);
    it.change('virtualHost', ...letters.map((name) => `${name}=v2`));
    const seen = answer(it, 'virtualHost', (name) => name === '80/f');
    expect(seen).toContain('virtualHost:80/f');
    expect(seen[1]).toBe('virtualHost:-80/old');
    expect(seen).toHaveLength(10);
    expect(rejection(it, 'virtualHost')).toBe('missing ): (');
    expect(warnings(it)).toMatchObject([{ type: 'vhds', resources: ['80/f'], objects: ['Test/default/80/f'] }]);
    // A change of another is no reason to send it again.
    it.change('virtualHost', ...letters.map((name) => `${name}=${name === '80/a' ? 'v3' : 'v2'}`));
    expect(it.look()).toEqual(['virtualHost:80/a']);
    it.ack('virtualHost');
    expect(rejection(it, 'virtualHost')).toBe('missing ): (');
    it.change('virtualHost', ...letters.map((name) => `${name}=v3`).slice(0, 6));
    answer(it, 'virtualHost', () => false);
    expect(rejection(it, 'virtualHost')).toBeUndefined();
  });

  it('and names the bad one is sent all others at once', () => {
    const it = withHosts(...letters);
    const seen = answer(it, 'virtualHost', (name) => name === '80/f', 'invalid % in it');
    expect(seen).toHaveLength(3);
    expect(seen.at(-1)).toBe('virtualHost:80/f');
    expect(rejection(it, 'virtualHost')).toBe('invalid 80/f in it');
  });

  it.each(['cluster', 'endpoint', 'listener', 'route', 'virtualHost'] as const)(
    'of any type (%s), always, is sent no more than two for each of what it asks for',
    (type) => {
      const it = client('delta');
      it.see('route', '80');
      if (type === 'virtualHost') it.receive('route', { subscribe: ['80'] });
      it.look();
      it.see(type, ...letters);
      it.receive(type, { subscribe: type === 'virtualHost' ? [] : ['*', ...letters] });
      expect(answer(it, type, () => true).length).toBeLessThanOrEqual(2 * letters.length);
      for (let round = 0; round < 3; round++) it.connection.flush();
      expect(it.look()).toEqual([]);
      expect(warnings(it)).toHaveLength(letters.length);
    },
  );

  it('gets what changed meanwhile in its newest state', () => {
    const it = withHosts('80/a', '80/b', '80/c', '80/d');
    it.look();
    it.ack('virtualHost', [], 'no');
    expect(it.look()).toEqual(['virtualHost:80/a,80/b']);
    it.change('virtualHost', '80/a', '80/b', '80/c=v2', '80/d', '80/e');
    it.ack('virtualHost');
    expect(it.look()).toEqual(['virtualHost:80/c,80/d']);
    expect(it.last('virtualHost')?.resources.map(({ content }) => content)).toEqual(['v2', 'v1']);
    it.ack('virtualHost');
    expect(answer(it, 'virtualHost', () => false).join()).toContain('80/e');
  });

  it('is not sent a bad one again with others that changed while it was being found', () => {
    const it = withHosts('80/a', '80/b', '80/bad');
    it.look();
    it.ack('virtualHost', [], 'no');
    it.change('virtualHost', '80/a', '80/b', '80/bad=v2', '80/c');
    const isBad = (name: string) => name === '80/bad';
    expect(answer(it, 'virtualHost', isBad)).toEqual([
      'virtualHost:80/a,80/b',
      'virtualHost:80/bad',
      'virtualHost:80/c',
    ]);
  });

  it('has hosts sent again behind a new configuration that it rejected with them on their way', () => {
    const it = withHosts('80/a', '81/a', '82/a');
    answer(it, 'virtualHost', () => false);
    it.see('route', '80=v2', '81', '82=bad');
    it.receive('route', { subscribe: ['81', '82'] });
    expect(it.look()).toEqual(['route:80,81,82', 'virtualHost:81/a,82/a']);
    it.ack('virtualHost');
    it.ack('route', [], 'no');
    const seen = answer(it, 'route', (name) => name === '82');
    expect(seen).toContain('route:80,81');
    // Behind all that was rejected with it; what goes of the bad one's is thrown away.
    expect(seen.slice(-2)).toEqual(['route:82', 'virtualHost:81/a,82/a']);
    it.ack('virtualHost');
    // The one that it has already keeps its hosts, and gets changes of them.
    it.change('virtualHost', '80/a=v2', '81/a', '82/a');
    expect(it.look()).toEqual(['virtualHost:80/a']);
    it.ack('virtualHost');
    it.change('route', '80=v2', '81', '82=v2');
    expect(it.look()).toEqual(['route:82', 'virtualHost:82/a']);
  });

  it('of endpoints gets those of clusters that change meanwhile all the same', () => {
    const it = client('delta');
    it.see('cluster', 'a', 'b', 'c');
    it.see('endpoint', 'a', 'b', 'c');
    it.receive('cluster', { subscribe: ['*'] });
    it.ack('cluster');
    it.receive('endpoint', { subscribe: ['a', 'b', 'c'] });
    it.ack('endpoint');
    it.change('endpoint', 'a=v2', 'b=v2', 'c');
    it.look();
    it.change('cluster', 'a', 'b', 'c=v2');
    it.ack('endpoint', [], 'no');
    expect(it.look()).toEqual(['cluster:c', 'endpoint:a']);
    it.ack('endpoint');
    expect(it.look()).toEqual(['endpoint:b']);
    it.ack('endpoint');
    expect(it.look()).toEqual(['endpoint:c']);
  });

  it('and goes on from there on another stream is sent the bad one again', () => {
    const it = client('delta');
    it.see('listener', 'l', 'm=v2');
    it.receive('listener', { held: holding('listener', 'l', 'm') });
    expect(it.look()).toEqual(['listener:m']);
  });
});

describe('a client that rejects all hosts of a new route configuration', () => {
  it('is told once that there are none, so that its listener need not wait for them', () => {
    const it = client('delta');
    it.see('route', '80', '90');
    it.see('virtualHost', '80/a', '90/b', '90/c');
    it.receive('route', { subscribe: ['80', '90'] });
    it.ack('route');
    it.look();
    it.receive('virtualHost', {});
    const seen = answer(it, 'virtualHost', (name) => name.startsWith('90/'));
    expect(seen.filter((text) => text === 'virtualHost:-90/')).toHaveLength(1);
    expect(seen).not.toContain('virtualHost:-80/');
    it.change('virtualHost', '80/a', '90/b=v2', '90/c');
    expect(answer(it, 'virtualHost', () => true)).toEqual(['virtualHost:90/b']);
  });
});

describe('a state-of-the-world client that rejects routes', () => {
  it('is sent the others of the response again, which need not wait for a change of theirs', () => {
    const names = ['a', 'b', 'c', 'd'];
    const it = client('sotw');
    it.see('route', ...names);
    it.receive('route', { subscribe: names });
    it.ack('route', names);
    it.look();
    it.change('route', ...names.map((name) => `${name}=v2`));
    const seen: string[] = [];
    for (let sent = it.look(); sent.length > 0; sent = it.look()) {
      seen.push(...sent);
      it.ack('route', names, sent.some((text) => text.includes('b')) ? 'missing ): (' : undefined);
      if (seen.length > 20) break;
    }
    expect(seen).toEqual(['route:a,b,c,d', 'route:a,b', 'route:a', 'route:b', 'route:c,d']);
    expect(rejection(it, 'route')).toBe('missing ): (');
  });
});
