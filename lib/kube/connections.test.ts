import { describe, expect, it, onTestFinished } from 'vitest';
import { ConnectionSet } from './connections.ts';
import type { Credentials } from './credentials.ts';

function setup(proxyUrl?: string) {
  const credentials: Credentials = { headers: { Authorization: 'Bearer 1' }, tls: { ca: 'a' } };
  const state: { credentials: Credentials; reads: number; error: Error | undefined } = {
    credentials,
    reads: 0,
    error: undefined,
  };
  const set = new ConnectionSet({
    server: 'https://localhost:1',
    proxyUrl,
    namespace: undefined,
    authenticate: () => {
      state.reads++;
      return state.error === undefined ? Promise.resolve(state.credentials) : Promise.reject(state.error);
    },
  });
  onTestFinished(() => set.close());
  return { set, state };
}

describe('a connection set', () => {
  it('is one for all, also when asked at the same time, and does not read credentials each time', async () => {
    const { set, state } = setup();
    const [a, b] = await Promise.all([set.get(), set.get()]);
    expect(a.calls).toBe(b.calls);
    expect((await set.get()).calls).toBe(a.calls);
    expect(a.calls).not.toBe(a.watches);
    expect(state.reads).toBe(1);
  });

  it('keeps its connections when only the token changes', async () => {
    const { set, state } = setup();
    const before = await set.get();
    state.credentials = { ...state.credentials, headers: { Authorization: 'Bearer 2' } };
    set.invalidate();
    const after = await set.get();
    expect(after.headers).toEqual({ Authorization: 'Bearer 2' });
    expect(after.calls).toBe(before.calls);
  });

  it('makes new connections when certificates change', async () => {
    const { set, state } = setup();
    const before = await set.get();
    state.credentials = { ...state.credentials, tls: { ca: 'b' } };
    set.invalidate();
    const after = await set.get();
    expect(after.calls).not.toBe(before.calls);
    expect(after.watches).not.toBe(before.watches);
  });

  it('tries again after credentials could not be read', async () => {
    const { set, state } = setup();
    state.error = new Error('no such file');
    await expect(set.get()).rejects.toThrow('no such file');
    state.error = undefined;
    expect((await set.get()).headers).toEqual(state.credentials.headers);
  });

  it('says which kind of proxy it cannot use', async () => {
    await expect(setup('socks5://localhost:1').set.get()).rejects.toThrow('socks5://localhost:1 is not supported');
  });
});
