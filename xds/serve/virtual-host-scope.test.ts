import { describe, expect, it } from 'vitest';
import { visibleOf } from './resources.testing.ts';
import { VirtualHostScope } from './virtual-host-scope.ts';

const hosts = (...names: string[]) => visibleOf('virtualHost', names).shared;

function scopeOf(held: readonly string[], fresh: readonly string[] = []): VirtualHostScope {
  const scope = new VirtualHostScope();
  for (const name of held) scope.add(name, false);
  for (const name of fresh) scope.add(name, true);
  return scope;
}

describe('the scope of virtual hosts', () => {
  it('has the hosts of the configurations that the client has, told apart by what stands before the slash', () => {
    const scope = scopeOf(['80', '8080']);
    expect(
      ['80/a.test:80', '8080/a.test:8080', '80/*.wild.test:80', '9090/a.test:9090', '8/80'].map((it) =>
        scope.hasHost(it),
      ),
    ).toEqual([true, true, true, false, false]);
    expect(scope.hasHost('80')).toBe(false);
    expect(scope.covers([...hosts('80/a:80', '8080/a:8080').values()])).toBe(true);
    expect(scope.covers([...hosts('80/a:80', '9090/a:9090').values()])).toBe(false);
  });

  it('knows whose hosts are yet to be sent, all of them, until they are taken', () => {
    const scope = scopeOf(['80'], ['81']);
    const all = hosts('80/a:80', '81/a:81', '81/b:81', '82/a:82');
    expect(scope.hasFresh).toBe(true);
    expect([scope.isFresh('80/a:80'), scope.isFresh('81/a:81')]).toEqual([false, true]);
    expect(scope.hostsOfFresh(all)).toEqual(['81/a:81', '81/b:81']);
    expect(scope.takeFresh(all)).toEqual([]);
    expect(scope.hasFresh).toBe(false);
    expect(scope.hostsOfFresh(all)).toEqual([]);
    expect(scope.hasHost('81/a:81')).toBe(true);
  });

  it('has a removal for each new configuration without hosts, which ends the wait for them, once', () => {
    const scope = scopeOf(['80'], ['81', '82', '83']);
    const all = hosts('82/a:82');
    expect(scope.takeFresh(all)).toEqual(['81/', '83/']);
    expect(scope.takeFresh(all)).toEqual([]);
  });

  it('has such a removal for each configuration without hosts at the beginning of a stream', () => {
    const scope = scopeOf(['80', '81'], ['82', '83']);
    expect(scope.takeAll(hosts('81/a:81', '83/a:83'))).toEqual(['80/', '82/']);
    expect(scope).toMatchObject({ hasFresh: false });
  });

  it('takes a new configuration that is rejected for one that the client has not got, and keeps one that it had', () => {
    const scope = scopeOf(['80'], ['81', '82']);
    scope.accepted('82');
    for (const name of ['80', '81', '82', '83']) scope.rejected(name);
    expect(['80', '81', '82', '83'].map((name) => scope.has(name))).toEqual([true, false, true, false]);
    expect(scope.isFresh('81/a:81')).toBe(false);
  });

  it('takes a configuration for new that is accepted after an earlier form was rejected', () => {
    const scope = scopeOf([], ['81']);
    scope.rejected('81');
    scope.accepted('81');
    expect(scope.hostsOfFresh(hosts('81/a:81'))).toEqual(['81/a:81']);
    scope.rejected('81');
    expect(scope.has('81')).toBe(true);
  });

  it('forgets a configuration that the client leaves, and takes it for new when it comes again', () => {
    const scope = scopeOf(['80'], ['81']);
    for (const name of ['80', '81']) scope.remove(name);
    expect(scope).toMatchObject({ hasFresh: false });
    expect(scope.has('80')).toBe(false);
    scope.add('80', true);
    expect(scope.hostsOfFresh(hosts('80/a:80', '81/a:81'))).toEqual(['80/a:80']);
  });
});
