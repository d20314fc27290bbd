import { describe, expect, it } from 'vitest';
import { keyOf } from '../../lib/kube/object.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import { aPeerAuthentication } from '../model/model-testing.ts';
import { NamespacedPolicies } from './namespaced-policies.ts';

const root = 'istio-system';

function policiesOf(...all: readonly PeerAuthentication[]): NamespacedPolicies<PeerAuthentication> {
  const policies = new NamespacedPolicies<PeerAuthentication>();
  for (const policy of all) policies.put(keyOf(policy), policy);
  return policies;
}

function aged(day: number, name: string, namespace: string): PeerAuthentication {
  const policy = aPeerAuthentication({}, { name, namespace });
  return { ...policy, metadata: { ...policy.metadata, creationTimestamp: `2026-01-0${day}T00:00:00Z` } };
}

describe('the policies of a namespace', () => {
  it('are its own and those of the root namespace, the oldest first', () => {
    const policies = policiesOf(aged(3, 'c', 'shop'), aged(2, 'b', root), aged(1, 'a', 'shop'), aged(1, 'd', 'other'));
    const names = (namespace: string) => policies.of(namespace, root).map(({ metadata }) => metadata.name);
    expect(names('shop')).toEqual(['a', 'b', 'c']);
    expect(names(root)).toEqual(['b']);
    expect(names('nowhere')).toEqual(['b']);
  });

  it('follow the root namespace', () => {
    const policies = policiesOf(aged(1, 'a', 'shop'), aged(2, 'b', root));
    expect(policies.of('shop', root)).toHaveLength(2);
    expect(policies.of('shop', 'other')).toHaveLength(1);
  });

  it('are the same list until one of them changes', () => {
    const policies = policiesOf(aged(1, 'a', 'shop'));
    const before = policies.of('shop', root);
    const elsewhere = policies.of('elsewhere', root);
    policies.put('other/x', aged(1, 'x', 'other'));
    expect(policies.of('shop', root)).toBe(before);
    policies.put('shop/a', undefined);
    expect(policies.of('shop', root)).toEqual([]);
    expect(policies.get('shop/a')).toBeUndefined();
    expect(policies.of('elsewhere', root)).toBe(elsewhere);
    policies.put(`${root}/y`, aged(1, 'y', root));
    expect(policies.of('elsewhere', root)).toHaveLength(1);
  });
});
