import { describe, expect, it } from 'vitest';
import { testStores } from '../fixtures.testing.ts';
import { nameUse, readUsage, usersOf } from './usage.ts';

function pod(namespace: string, name: string, revision: string, owner?: string, labels: Record<string, string> = {}) {
  const controller = { apiVersion: 'apps/v1', kind: 'ReplicaSet', uid: 'u', controller: true };
  return {
    metadata: {
      namespace,
      name,
      labels: { 'pod-template-hash': 'abc', ...labels },
      annotations: { 'istio.io/rev': revision },
      ...(owner === undefined ? {} : { ownerReferences: [{ ...controller, name: `${owner}-abc` }] }),
    },
  };
}

function stores() {
  const of = testStores();
  of.sidecars.put(pod('shop', 'cart-1', 'default', 'cart'));
  of.sidecars.put(pod('shop', 'cart-2', 'default', 'cart'));
  of.sidecars.put(pod('shop', 'alone', 'default'));
  of.sidecars.put(pod('bank', 'cart-1', 'default', 'cart'));
  of.sidecars.put(pod('bank', 'own', 'canary', undefined, { 'istio.io/rev': 'prod' }));
  of.sidecars.put({ metadata: { namespace: 'bank', name: 'of-another-mesh' } });
  const labelled = { shop: { 'istio-injection': 'enabled', 'istio.io/rev': 'prod' }, bank: { 'istio.io/rev': 'prod' } };
  for (const [name, labels] of Object.entries(labelled)) of.namespaces.put({ metadata: { name, labels } });
  of.namespaces.put({ metadata: { name: 'off', labels: { 'istio-injection': 'disabled', 'istio.io/rev': 'prod' } } });
  return of;
}

describe('usage', () => {
  it('counts pods by the revision of their sidecar, and the workloads that they belong to', () => {
    const usage = readUsage(stores(), ['default', 'canary', 'gone'], []);
    expect(Object.fromEntries(usage.byRevision)).toEqual({
      default: { pods: 4, workloads: 3 },
      canary: { pods: 1, workloads: 1 },
      gone: { pods: 0, workloads: 0 },
    });
  });

  it('takes of the labels of a namespace the one that injection follows', () => {
    const usage = readUsage(stores(), [], ['default', 'prod']);
    expect(Object.fromEntries(usage.namespacesByName)).toEqual({ default: ['shop'], prod: ['bank'] });
    expect(nameUse(stores(), 'prod')).toEqual({ namespaces: ['bank'], pods: 1 });
  });

  it('follows pods and namespaces that change', () => {
    const of = stores();
    of.sidecars.put(pod('shop', 'cart-1', 'canary', 'cart'));
    of.namespaces.put({ metadata: { name: 'bank' } });
    const usage = readUsage(of, ['canary'], ['prod']);
    expect(usage.byRevision.get('canary')).toEqual({ pods: 2, workloads: 2 });
    expect(usage.namespacesByName.get('prod')).toEqual([]);
  });

  it('names at most twenty namespaces of a revision, and counts all of them once', () => {
    const of = testStores();
    for (let number = 10; number < 40; number++) {
      of.namespaces.put({ metadata: { name: `n${String(number)}`, labels: { 'istio.io/rev': 'prod' } } });
    }
    const users = usersOf(readUsage(of, [], ['prod']), undefined, ['prod', 'prod'], ['b', 'a']);
    expect(users).toMatchObject({ pods: 0, namespaces: { count: 30 }, tags: ['a', 'b'] });
    expect(users.namespaces.names).toHaveLength(20);
  });
});
