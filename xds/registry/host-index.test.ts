import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostnameMatches, isWildcard } from '../model/hostname.ts';
import { HostIndex } from './host-index.ts';

const alphabetically = (a: string, b: string): number => (a < b ? -1 : 1);

function indexOf(objects: Readonly<Record<string, readonly string[]>>): HostIndex<string> {
  const index = new HostIndex<string>(alphabetically);
  for (const [object, hosts] of Object.entries(objects)) index.put(object, hosts, object);
  return index;
}

describe('an index by host', () => {
  it('has the objects that name a host in order', () => {
    const index = indexOf({ b: ['x.com', 'y.com'], a: ['x.com'] });
    expect(index.naming('x.com')).toEqual(['a', 'b']);
    expect(index.naming('y.com')).toEqual(['b']);
    expect(index.naming('z.com')).toEqual([]);
  });

  it('has the longest wildcard that covers a host first, and not the host itself', () => {
    const index = indexOf({ a: ['*.com'], b: ['*.x.com'], c: ['*'], d: ['*.y.com'], e: ['1.x.com'] });
    expect(index.covering('1.x.com')).toEqual(['b', 'a', 'c']);
    expect(index.covering('*.x.com')).toEqual(['a', 'c']);
    expect(index.covering('x.com')).toEqual(['a', 'c']);
  });

  it('says which hosts an object was about and is about', () => {
    const index = indexOf({ a: ['x.com', '*.com'] });
    expect(index.put('a', ['y.com', 'x.com'], 'a')).toEqual(['x.com', '*.com', 'y.com']);
    expect(index.delete('a')).toEqual(['y.com', 'x.com']);
    expect(index.delete('a')).toEqual([]);
    expect([...index.hosts()]).toEqual([]);
  });

  it('keeps a list until one of its objects changes', () => {
    const index = indexOf({ a: ['x.com'], b: ['y.com'] });
    const before = index.naming('x.com');
    index.put('c', ['y.com'], 'c');
    expect(index.naming('x.com')).toBe(before);
    index.put('c', ['x.com'], 'c');
    expect(index.naming('x.com')).toEqual(['a', 'c']);
    expect(before).toEqual(['a']);
  });

  it('is empty after it was cleared', () => {
    const index = indexOf({ a: ['*.com'] });
    index.clear();
    expect([[...index.hosts()], index.covering('x.com'), index.put('a', ['x.com'], 'a')]).toEqual([[], [], ['x.com']]);
  });
});

it('finds, after any puts and deletes, what a search through all objects finds', () => {
  const hosts = ['a.x.com', 'b.x.com', 'x.com', '*.x.com', '*.com', '*', '10.0.0.1'] as const;
  const step = fc.record({
    key: fc.constantFrom('p', 'q', 'r', 's'),
    hosts: fc.option(fc.uniqueArray(fc.constantFrom(...hosts), { maxLength: 3 }), { nil: undefined }),
    asks: fc.constantFrom(...hosts),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
      const index = new HostIndex<string>(alphabetically);
      const model = new Map<string, readonly string[]>();
      for (const { key, hosts: about, asks } of steps) {
        if (about === undefined) {
          index.delete(key);
          model.delete(key);
        } else {
          index.put(key, about, key);
          model.set(key, about);
        }
        const naming = (host: string): string[] => [...model].flatMap(([it, its]) => (its.includes(host) ? [it] : []));
        const wildcards = hosts.filter((it) => it !== asks && isWildcard(it) && hostnameMatches(it, asks));
        const longestFirst = wildcards.sort((a, b) => b.length - a.length);
        expect(index.naming(asks)).toEqual(naming(asks).sort());
        expect(index.covering(asks)).toEqual(longestFirst.flatMap((it) => naming(it).sort()));
        expect(new Set(index.hosts())).toEqual(new Set([...model.values()].flat()));
      }
    }),
    { numRuns: 200 },
  );
});
