import { describe, expect, it } from 'vitest';
import { readTokenReview, reviewToken } from './token-review.ts';
import type { TokenReview } from './types.ts';

const good = {
  authenticated: true,
  audiences: ['istio-ca'],
  user: {
    username: 'system:serviceaccount:shop:web',
    extra: {
      'authentication.kubernetes.io/pod-name': ['web-1'],
      'authentication.kubernetes.io/pod-uid': ['u1'],
    },
  },
};

describe('reviewToken', () => {
  it('asks for the audience and reads the answer', async () => {
    const asked: unknown[] = [];
    const client = {
      create: <T>(_resource: unknown, object: object) => {
        asked.push(object);
        return Promise.resolve({ ...object, status: good } as T);
      },
    };
    expect(await reviewToken(client, 'secret', 'istio-ca')).toMatchObject({ authenticated: true, namespace: 'shop' });
    expect(asked).toMatchObject([{ kind: 'TokenReview', spec: { token: 'secret', audiences: ['istio-ca'] } }]);
  });
});

describe('readTokenReview', () => {
  it('takes a service account with its pod, and one that is bound to none', () => {
    const account = { authenticated: true, namespace: 'shop', serviceAccount: 'web' };
    expect(readTokenReview({ status: good }, 'istio-ca')).toEqual({ ...account, pod: { name: 'web-1', uid: 'u1' } });
    const unbound = { ...good, user: { username: good.user.username } };
    expect(readTokenReview({ status: unbound }, 'istio-ca')).toEqual(account);
  });

  const refused: readonly (readonly [string, TokenReview['status'], RegExp])[] = [
    ['no status', undefined, /no reason given/],
    ['an unknown token', { authenticated: false, error: 'token expired' }, /token expired/],
    ['no word of audiences', { authenticated: true, user: good.user }, /not for audience/],
    ['another audience', { ...good, audiences: ['api'] }, /not for audience/],
    ['a person', { ...good, user: { username: 'alice' } }, /"alice" is not a service account/],
    ['a name that only looks like one', { ...good, user: { username: 'system:serviceaccount:a:b:c' } }, /is not a/],
    ['no user', { ...good, user: {} }, /is not a service account/],
  ];

  it.each(refused)('refuses %s', (_what, status, reason) => {
    expect(readTokenReview(status === undefined ? {} : { status }, 'istio-ca')).toMatchObject({
      authenticated: false,
      reason: expect.stringMatching(reason) as string,
    });
  });
});
