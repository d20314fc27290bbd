import { describe, expect, it } from 'vitest';
import { readiness } from './readiness-probe.ts';

const following = { name: 'pods', hasSynced: true, isFollowing: true };
const behind = { name: 'secrets', hasSynced: true, isFollowing: false };
const empty = { name: 'leases', hasSynced: false, isFollowing: false };

describe('readiness', () => {
  it('begins when everything was listed and admission is served', () => {
    expect(readiness({ informers: [following, empty], admission: undefined })).toEqual({
      status: 503,
      body: 'waiting for the first list of leases\n',
    });
    expect(readiness({ informers: [following], admission: { isServing: false } })).toEqual({
      status: 503,
      body: 'waiting for the admission webhook\n',
    });
    expect(readiness({ informers: [following], admission: { isServing: true } })).toEqual({ body: 'ok\n' });
  });

  it('does not end when the API server is away, but says so', () => {
    expect(readiness({ informers: [following, behind, behind], admission: undefined })).toEqual({
      body: 'ok: the API server does not let us follow secrets\n',
    });
  });
});
