import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EncodedResource } from './resource.ts';
import type { Changes, Cursor } from './resource-set.ts';
import { ResourceSet } from './resource-set.ts';

function resource(name: string, content = name): EncodedResource {
  return new EncodedResource('cluster', name, new TextEncoder().encode(content));
}

function setOf(...resources: readonly EncodedResource[]): ResourceSet {
  const set = new ResourceSet();
  for (const it of resources) set.put(it);
  return set;
}

function namesOf({ changed, removed }: Changes): object {
  return { changed: changed.map(({ name }) => name), removed };
}

describe('a set of resources', () => {
  it('has the last of each name', () => {
    const set = setOf(resource('a', 'first'), resource('b'), resource('a', 'second'));
    expect(set.get('a')?.version).toBe(resource('a', 'second').version);
    expect([...set.values()].map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(set.size).toBe(2);
    set.delete('a');
    expect([set.get('a'), set.size, [...set.values()].length]).toEqual([undefined, 1, 1]);
  });

  it('does not change by what is there already, or is not there', () => {
    const set = setOf(resource('a'));
    const { sequence } = set;
    const same = resource('a');
    set.put(same);
    set.delete('b');
    expect(set.sequence).toBe(sequence);
    expect(set.get('a')).toBe(same);
    expect(namesOf(set.changesSince(sequence))).toEqual({ changed: [], removed: [] });
  });

  it('has the same version for the same content, whatever way it came about, another one for other content', () => {
    const set = setOf(resource('b'), resource('c'), resource('a', 'changed'));
    set.delete('c');
    set.put(resource('a'));
    expect(set.version).toBe(setOf(resource('a'), resource('b')).version);
    expect(set.version).not.toBe(setOf(resource('a'), resource('c')).version);
    expect(set.version).not.toBe(setOf(resource('a')).version);
    set.delete('a');
    set.delete('b');
    expect(set.version).toBe(new ResourceSet().version);
  });

  it('tells what changed since, once for all who ask from the same place', () => {
    const set = setOf(resource('a'), resource('b'), resource('c'));
    const { sequence } = set;
    set.put(resource('b', 'changed'));
    set.put(resource('d'));
    set.delete('c');
    set.put(resource('b', 'changed again'));
    const changes = set.changesSince(sequence);
    expect(namesOf(changes)).toEqual({ changed: ['d', 'b'], removed: ['c'] });
    expect(changes.changed.at(-1)).toBe(set.get('b'));
    expect(set.changesSince(sequence)).toBe(changes);
    set.delete('d');
    expect(namesOf(set.changesSince(sequence))).toEqual({ changed: ['b'], removed: ['c'] });
  });

  it('does not tell of the end of what came and went since', () => {
    const set = setOf(resource('a'));
    const { sequence } = set;
    set.put(resource('b'));
    set.delete('b');
    expect(namesOf(set.changesSince(sequence))).toEqual({ changed: [], removed: [] });
  });

  it('tells who has nothing of everything, and of no removal', () => {
    const set = setOf(resource('a'), resource('b'));
    set.delete('a');
    expect(namesOf(set.everything())).toEqual({ changed: ['b'], removed: [] });
    const { sequence } = set.cursor('nothing');
    expect(set.changesSince(sequence)).toBe(set.everything());
  });
});

describe('a cursor', () => {
  it('stays where it is until it moves on to the present', () => {
    const set = setOf(resource('a'));
    const cursor = set.cursor('now');
    set.put(resource('b'));
    expect(namesOf(set.changesSince(cursor.sequence))).toEqual({ changed: ['b'], removed: [] });
    cursor.advance();
    expect(cursor.sequence).toBe(set.sequence);
    expect(namesOf(set.changesFrom(cursor))).toEqual({ changed: [], removed: [] });
  });

  it('keeps a removal known for as long as it is behind it, and no longer', () => {
    const churn = (set: ResourceSet): void => {
      for (let round = 0; round < 200; round++) set.put(resource('b', String(round)));
    };
    for (const isOpen of [true, false]) {
      const set = setOf(resource('a'), resource('b'));
      const cursor = set.cursor('now');
      const { sequence } = cursor;
      if (!isOpen) cursor.close();
      set.delete('a');
      churn(set);
      expect(set.changesSince(sequence).removed).toEqual(isOpen ? ['a'] : []);
      cursor.advance();
      churn(set);
      expect(set.changesSince(sequence).removed).toEqual([]);
    }
  });
});

describe('changes from the cursor of another set', () => {
  it('are what differs, by content', () => {
    const before = setOf(resource('a'), resource('b'), resource('c'));
    const after = setOf(resource('a'), resource('b', 'other'), resource('d'));
    expect(namesOf(after.changesFrom(before.cursor('now')))).toEqual({ changed: ['b', 'd'], removed: ['c'] });
  });

  it('take what changed there behind the cursor for unknown', () => {
    const before = setOf(resource('a'), resource('b', 'old'), resource('c'));
    const cursor = before.cursor('now');
    before.put(resource('b'));
    before.delete('c');
    before.put(resource('d'));
    const after = setOf(resource('a'), resource('b'));
    expect(namesOf(after.changesFrom(cursor))).toEqual({ changed: ['b'], removed: ['c'] });
  });

  it('are everything for who has nothing', () => {
    const after = setOf(resource('a'));
    const cursor = setOf(resource('a'), resource('b')).cursor('nothing');
    expect(namesOf(after.changesFrom(cursor))).toEqual({ changed: ['a'], removed: [] });
  });
});

/** A client that is told of changes, and applies them to what it has, by name. */
interface Client {
  cursor: Cursor;
  readonly has: Map<string, string>;
}

function contentOf(set: ResourceSet): ReadonlyMap<string, string> {
  return new Map([...set.values()].map(({ name, version }) => [name, version]));
}

/** Gives a client the changes to a set, and checks that it has the present content then. */
function bring(client: Client, set: ResourceSet): void {
  const { changed, removed } = set.changesFrom(client.cursor);
  const names = [...changed.map(({ name }) => name), ...removed];
  expect(new Set(names).size).toBe(names.length);
  for (const name of removed) client.has.delete(name);
  for (const { name, version } of changed) client.has.set(name, version);
  expect(client.has).toEqual(contentOf(set));
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const which = fc.nat(1);
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('put' as const), set: which, name, content: fc.nat(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('delete' as const), set: which, name }) },
  // Long enough a time for removals to be forgotten.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('churn' as const), set: which, name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), set: which, from: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), client: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), client: fc.nat(3), set: which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), client: fc.nat(3) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly sets = [new ResourceSet(), new ResourceSet()] as const;
  readonly models = [new Map<string, string>(), new Map<string, string>()] as const;
  readonly clients: Client[] = [];

  #at(set: number) {
    const position = set === 0 ? 0 : 1;
    return { set: this.sets[position], model: this.models[position] };
  }

  run(it: Step): void {
    if (it.do === 'put') this.#put(it.set, it.name, it.content);
    else if (it.do === 'delete') {
      this.#at(it.set).set.delete(it.name);
      this.#at(it.set).model.delete(it.name);
    } else if (it.do === 'churn') {
      for (let round = 0; round < 60; round++) this.#put(it.set, it.name, round);
    } else if (it.do === 'open') this.#open(it.set, it.from);
    else this.#serve(it);
  }

  #put(at: number, named: string, content: number): void {
    const made = resource(named, `${named}${content}`);
    this.#at(at).set.put(made);
    this.#at(at).model.set(named, made.version);
  }

  #open(at: number, fromNow: boolean): void {
    const { set } = this.#at(at);
    const cursor = set.cursor(fromNow ? 'now' : 'nothing');
    this.clients.push({ cursor, has: new Map(fromNow ? contentOf(set) : []) });
  }

  #serve(it: Step & { readonly client: number }): void {
    const client = this.clients[it.client];
    if (client === undefined) return;
    if (it.do === 'advance') {
      bring(client, client.cursor.set);
      client.cursor.advance();
    } else if (it.do === 'move') {
      const { set } = this.#at(it.set);
      bring(client, set);
      client.cursor.close();
      client.cursor = set.cursor('now');
    } else {
      client.cursor.close();
      this.clients.splice(it.client, 1);
    }
  }

  check(): void {
    for (const at of [0, 1]) {
      const { set, model } = this.#at(at);
      expect(contentOf(set)).toEqual(model);
      expect(set.size).toBe(model.size);
      expect(namesOf(set.everything())).toEqual({ changed: expect.any(Array) as unknown, removed: [] });
      expect(new Set(set.everything().changed.map((one) => one.name))).toEqual(new Set(model.keys()));
      expect(set.version).toBe(setOf(...set.values()).version);
    }
  }
}

it('brings every client, from wherever it is, to the present content', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const world = new World();
      for (const it of steps) {
        world.run(it);
        world.check();
      }
      for (const client of world.clients) bring(client, client.cursor.set);
    }),
    { numRuns: 200 },
  );
});

it('tells of nothing that did not change since', () => {
  const change = fc.record({ name, content: fc.option(fc.nat(2), { nil: undefined }) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60, size: 'max' }), fc.nat(59), (changes, opens) => {
      const set = new ResourceSet();
      let cursor: Cursor | undefined;
      let before: ReadonlyMap<string, string> = new Map();
      const touched = new Set<string>();
      for (const [position, { name: named, content }] of changes.entries()) {
        if (position === opens) [cursor, before] = [set.cursor('now'), contentOf(set)];
        if (content === undefined) set.delete(named);
        else set.put(resource(named, `${named}${content}`));
        if (cursor !== undefined) touched.add(named);
      }
      if (cursor === undefined) return;
      const { changed, removed } = set.changesSince(cursor.sequence);
      for (const one of changed) expect(touched).toContain(one.name);
      for (const one of removed) expect([touched.has(one), set.get(one)]).toEqual([true, undefined]);
      const gone = [...before.keys()].filter((one) => set.get(one) === undefined);
      expect(removed).toEqual(expect.arrayContaining(gone));
    }),
    { numRuns: 200 },
  );
});
