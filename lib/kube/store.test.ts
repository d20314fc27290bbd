import { describe, expect, it } from 'vitest';
import { byNamespace, ObjectStore } from './store.ts';

const object = (namespace: string, name: string, labels: Readonly<Record<string, string>> = {}) => ({
  metadata: { namespace, name, labels },
});
const store = () =>
  new ObjectStore<ReturnType<typeof object>>((index, key, error) => {
    throw new Error(`${index} ${key}`, { cause: error });
  });

describe('a store', () => {
  it('finds by name, by namespace and by own indexes, old objects too', () => {
    const s = store();
    s.put(object('a', 'x', { app: 'one' }));
    s.index('app', ({ metadata }) => Object.values(metadata.labels));
    s.put(object('a', 'y', { app: 'one', also: 'two' }));
    s.put(object('b', 'x'));
    const names = (index: string, value: string) => s.byIndex(index, value).map(({ metadata }) => metadata.name);
    expect(s.get('b', 'x')).toEqual(object('b', 'x'));
    expect(names(byNamespace, 'a')).toEqual(['x', 'y']);
    expect(names('app', 'one')).toEqual(['x', 'y']);
    expect(names('app', 'two')).toEqual(['y']);
    expect(names('app', 'three')).toEqual([]);
  });

  it('moves an object in its indexes when it changes, and takes it out when it goes', () => {
    const s = store();
    s.index('app', ({ metadata }) => Object.values(metadata.labels));
    const first = object('a', 'x', { app: 'one' });
    expect(s.put(first)).toBeUndefined();
    expect(s.put(object('a', 'x', { app: 'two' }))).toBe(first);
    expect(s.byIndex('app', 'one')).toEqual([]);
    expect(s.byIndex('app', 'two')).toHaveLength(1);
    s.remove('a/x');
    expect(s.byIndex('app', 'two')).toEqual([]);
    expect(s.byIndex(byNamespace, 'a')).toEqual([]);
    expect(s.remove('a/x')).toBeUndefined();
    expect(s.size).toBe(0);
  });

  it('refuses an index that is there already, and one that is not', () => {
    const s = store();
    expect(() => s.index(byNamespace, () => [])).toThrow('the store already has an index "namespace"');
    expect(() => s.byIndex('other', 'x')).toThrow('the store has no index "other"');
  });
});
