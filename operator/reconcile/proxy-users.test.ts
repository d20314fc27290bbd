import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../lib/kube/object.ts';
import { describeUsers, usersOf } from './proxy-users.ts';

function podOf(kind: string, owner: string, index: number): KubeObject {
  const ownerReferences = [{ apiVersion: 'apps/v1', kind, name: owner, uid: 'u', controller: true }];
  return {
    metadata: {
      ...{ namespace: 'shop', name: `${owner}-${String(index)}`, ownerReferences },
      labels: { 'pod-template-hash': '7d9' },
    },
  };
}

describe('usersOf', () => {
  it('counts pods by workload, those with most pods first', () => {
    const pods = [
      podOf('StatefulSet', 'db', 0),
      podOf('ReplicaSet', 'cart-7d9', 0),
      podOf('ReplicaSet', 'cart-7d9', 1),
      { metadata: { namespace: 'shop', name: 'alone' } },
    ];
    const users = usersOf(pods);
    expect(describeUsers(users)).toBe('4 proxies: Deployment shop/cart (2), Pod shop/alone, StatefulSet shop/db');
  });

  it('names no more than can be read', () => {
    const many = Array.from({ length: 12 }, (_, index) => podOf('StatefulSet', `db${String(index)}`, 0));
    expect(describeUsers(usersOf(many))).toMatch(/^12 proxies: .*, and 7 more$/);
  });
});
