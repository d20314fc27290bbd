import { describe, expect, it } from 'vitest';
import type { HeldResource } from './held-resources.ts';
import { HeldResources, differences } from './held-resources.ts';

const resource = (name: string, more: Partial<HeldResource> = {}): HeldResource => ({
  ...{ name, version: '1', hash: 'a', needs: [], usesVhds: false },
  ...more,
});

/** A sidecar with a listener, its route configuration and one virtual host. */
function withRoutes(): HeldResources {
  const held = new HeldResources();
  held.take('listener', [resource('l', { needs: ['80'] })], []);
  held.take('route', [resource('80', { usesVhds: true })], []);
  held.take('virtualHost', [resource('80/web')], []);
  return held;
}

describe('what a sidecar holds', () => {
  it('asks for the endpoints of new clusters, and stops when the last that needs them goes', () => {
    const held = new HeldResources();
    const clusters = [resource('a', { needs: ['e'] }), resource('b', { needs: ['e'] })];
    expect(held.take('cluster', clusters, [])).toEqual({ kind: 'endpoint', subscribe: ['e'], unsubscribe: [] });
    held.take('endpoint', [resource('e')], []);
    expect(held.take('cluster', [], ['a'])).toBeUndefined();
    expect(held.take('cluster', [], ['b'])).toEqual({ kind: 'endpoint', subscribe: [], unsubscribe: ['e'] });
    expect(held.of('endpoint').size).toBe(0);
  });

  it('does not ask again for what a changed cluster still needs', () => {
    const held = new HeldResources();
    held.take('cluster', [resource('a', { needs: ['e'] })], []);
    expect(held.take('cluster', [resource('a', { needs: ['e'], version: '2' })], [])).toBeUndefined();
  });

  it('loses virtual hosts with their route configuration', () => {
    const held = withRoutes();
    expect(held.take('listener', [], ['l'])).toEqual({ kind: 'route', subscribe: [], unsubscribe: ['80'] });
    expect(held.of('virtualHost').size).toBe(0);
    expect(held.usesVhds).toBe(false);
  });

  it('leaves virtual hosts of no route configuration aside', () => {
    const held = withRoutes();
    held.take('virtualHost', [resource('81/web')], []);
    expect([...held.of('virtualHost').keys()]).toEqual(['80/web']);
  });

  it('knows what was asked for and not answered; that it does not exist is an answer', () => {
    const held = new HeldResources();
    held.take('cluster', [resource('a', { needs: ['e'] })], []);
    expect(held.missing()).toEqual(['endpoint e']);
    held.take('endpoint', [], ['e']);
    expect(held.missing()).toEqual([]);
  });

  it('says which route configurations have no virtual host', () => {
    const held = withRoutes();
    expect(held.withoutHosts()).toEqual([]);
    held.take('virtualHost', [], ['80/web']);
    expect(held.withoutHosts()).toEqual(['80']);
  });

  it('is compared by bytes and versions', () => {
    const [held, fresh] = [withRoutes(), withRoutes()];
    expect(differences(held, fresh)).toEqual([]);
    held.take('virtualHost', [resource('80/old')], []);
    fresh.take('virtualHost', [resource('80/new'), resource('80/web', { hash: 'b', version: '2' })], []);
    fresh.take('listener', [resource('l', { needs: ['80'], version: '2' })], []);
    expect(differences(held, fresh)).toEqual([
      'listener l is the same under versions 1 and 2',
      'virtualHost 80/web differs (versions 1 and 2)',
      'virtualHost 80/old should be gone',
      'virtualHost 80/new is missing',
    ]);
  });
});
