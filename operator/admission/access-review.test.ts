import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../lib/kube/client.ts';
import { clusterRoles, deployments, services } from '../../lib/kube/resources.ts';
import type { Access } from './access.ts';
import { accessTo, describeAccess } from './access.ts';
import { createAccessReviewer } from './access-review.ts';
import type { User } from './user.ts';

const jane: User = { username: 'jane', uid: '7', groups: ['devs'], extra: { scopes: ['a'] } };
const make = accessTo(deployments, 'create', { namespace: 'mesh' });
const read = accessTo(services, 'list');

/** Allows what is described so, and remembers what it was asked. */
function authorizer(...allowed: readonly string[]) {
  const asked: { readonly spec?: unknown }[] = [];
  const create = (_resource: unknown, review: { readonly spec?: { readonly resourceAttributes: Access } }) => {
    asked.push(review);
    const access = review.spec?.resourceAttributes;
    return Promise.resolve({
      ...review,
      status: { allowed: access !== undefined && allowed.includes(describeAccess(access)) },
    });
  };
  return { asked, client: { create } as unknown as Pick<KubeClient, 'create'> };
}

describe('AccessReviewer', () => {
  it('names what a user lacks, asking with all that is known of them', async () => {
    const { asked, client } = authorizer(describeAccess(read));
    const reviewer = createAccessReviewer({ client });
    expect(await reviewer.missing(jane, { accesses: [make, read], grants: [] })).toEqual([make]);
    expect(asked.at(-1)?.spec).toEqual({
      user: 'jane',
      uid: '7',
      groups: ['devs'],
      extra: { scopes: ['a'] },
      resourceAttributes: read,
    });
  });

  it('asks about whoever may do everything once only', async () => {
    const { asked, client } = authorizer('* *.*');
    const reviewer = createAccessReviewer({ client });
    const grants = [{ role: clusterRoles, accesses: [read] }];
    expect(await reviewer.missing(jane, { accesses: [make], grants })).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it('lets hand on what is held, and with bind and escalate also what is not', async () => {
    const grants = [{ role: clusterRoles, accesses: [read] }];
    const missing = (...allowed: readonly string[]): Promise<readonly Access[]> =>
      createAccessReviewer(authorizer(...allowed)).missing(jane, { accesses: [], grants });
    const role = 'clusterroles.rbac.authorization.k8s.io';
    expect(await missing()).toEqual([read]);
    expect(await missing(`escalate ${role}`)).toEqual([read]);
    expect(await missing(`escalate ${role}`, `bind ${role}`)).toEqual([]);
    expect(await missing(describeAccess(read))).toEqual([]);
  });

  it('remembers answers for seconds only, and each user’s apart', async () => {
    let now = 0;
    const { asked, client } = authorizer();
    const reviewer = createAccessReviewer({ client, now: () => now });
    const needed = { accesses: [make], grants: [] };
    await reviewer.missing(jane, needed);
    await reviewer.missing(jane, needed);
    expect(asked).toHaveLength(2);
    await reviewer.missing({ ...jane, groups: [] }, needed);
    expect(asked).toHaveLength(4);
    now = 5_001;
    await reviewer.missing(jane, needed);
    expect(asked).toHaveLength(6);
  });

  it('rejects when nobody can be asked', async () => {
    const client = { create: () => Promise.reject(new Error('timed out')) };
    await expect(createAccessReviewer({ client }).missing(jane, { accesses: [make], grants: [] })).rejects.toThrow(
      'timed out',
    );
  });
});
