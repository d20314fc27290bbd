import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthenticator } from './authentication.ts';
import type { Authenticate, AuthenticatorOptions } from './authentication.ts';
import type { TokenVerdict } from './kube/token-review.ts';

const start = Date.parse('2026-06-01T00:00:00Z');
const verdict: TokenVerdict = {
  authenticated: true,
  namespace: 'shop',
  serviceAccount: 'web',
  pod: { name: 'web-1', uid: 'u1' },
};

function token(claims: object): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'RS256' })}.${encode(claims)}.c2lnbmF0dXJl`;
}

const goodToken = token({ aud: ['istio-ca'], exp: start / 1000 + 3600 });

interface Bench {
  readonly authenticate: Authenticate;
  readonly reviewed: string[];
  time: number;
}

function bench(options: Partial<AuthenticatorOptions> = {}): Bench {
  const state: Bench = {
    reviewed: [],
    time: start,
    authenticate: createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: (text) => {
        state.reviewed.push(text);
        return Promise.resolve(verdict);
      },
      now: () => state.time,
      ...options,
    }),
  };
  return state;
}

/** A self-signed certificate with the given subject alternative name; valid for 30 days from today. */
function certificate(name: string): Buffer {
  const args = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /dev/null -subj / -addext'.split(
    ' ',
  );
  const pem = execFileSync('openssl', [...args, `subjectAltName=${name}`], { stdio: ['ignore', 'pipe', 'ignore'] });
  return new X509Certificate(pem).raw;
}

describe('authentication by token', () => {
  it('gives the service account and the pod', async () => {
    expect(await bench().authenticate({ authorization: `Bearer ${goodToken}` })).toEqual({
      identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' },
      provenBy: 'service-account-token',
      pod: { name: 'web-1', uid: 'u1' },
    });
  });

  it('asks the API server once for callers at the same time and after each other', async () => {
    const { authenticate, reviewed } = bench();
    const call = (): Promise<unknown> => authenticate({ authorization: `Bearer ${goodToken}` });
    await Promise.all([call(), call(), call()]);
    await call();
    expect(reviewed).toHaveLength(1);
  });

  it('asks again after ten seconds', async () => {
    const state = bench();
    await state.authenticate({ authorization: `Bearer ${goodToken}` });
    state.time += 9_999;
    await state.authenticate({ authorization: `Bearer ${goodToken}` });
    expect(state.reviewed).toHaveLength(1);
    state.time += 1;
    await state.authenticate({ authorization: `Bearer ${goodToken}` });
    expect(state.reviewed).toHaveLength(2);
  });

  it('believes no token beyond its own end', async () => {
    const state = bench();
    const brief = token({ aud: 'istio-ca', exp: start / 1000 + 5 });
    await state.authenticate({ authorization: `Bearer ${brief}` });
    state.time += 5_000;
    await expect(state.authenticate({ authorization: `Bearer ${brief}` })).rejects.toThrow('the token has expired');
  });

  it('refuses a token from the moment its pod is seen to go, remembered or newly confirmed', async () => {
    const gone = new Set<string>();
    const state = bench({ isPodGone: (uid) => gone.has(uid) });
    const call = (): Promise<unknown> => state.authenticate({ authorization: `Bearer ${goodToken}` });
    await call();
    gone.add('u1');
    await expect(call()).rejects.toThrow("the token's pod web-1 is gone");
    state.time += 10_000;
    await expect(call()).rejects.toMatchObject({ kind: 'unauthenticated', message: "the token's pod web-1 is gone" });
    expect(state.reviewed).toHaveLength(2);
    gone.delete('u1');
    gone.add('another');
    await expect(call()).resolves.toBeDefined();
  });

  it('asks the API server four questions at a time', async () => {
    let [running, most] = [0, 0];
    const { authenticate } = bench({
      reviewToken: async () => {
        most = Math.max(most, ++running);
        await new Promise((resolve) => setImmediate(resolve));
        running--;
        return verdict;
      },
    });
    const tokens = Array.from({ length: 20 }, (_, n) => token({ aud: ['istio-ca'], exp: start / 1000 + 3600, n }));
    await Promise.all(tokens.map((each) => authenticate({ authorization: `Bearer ${each}` })));
    expect(most).toBe(4);
  });

  it('asks anew about a token that was refused', async () => {
    const verdicts: TokenVerdict[] = [{ authenticated: false, reason: 'not yet' }, verdict];
    const { authenticate } = bench({ reviewToken: () => Promise.resolve(verdicts.shift() ?? verdict) });
    const call = (): Promise<unknown> => authenticate({ authorization: `Bearer ${goodToken}` });
    await expect(call()).rejects.toThrow('not yet');
    await expect(call()).resolves.toBeDefined();
  });

  it.each([
    ['no scheme', goodToken],
    ['another scheme', `Basic ${goodToken}`],
    ['no token', 'Bearer '],
    ['text', 'Bearer hello'],
    ['a token without payload', 'Bearer a..b'],
    ['a payload that is not JSON', 'Bearer a.aGVsbG8.b'],
    ['a payload that is null', `Bearer a.${Buffer.from('null').toString('base64url')}.b`],
    ['no end', `Bearer ${token({ aud: 'istio-ca' })}`],
    ['an end that is text', `Bearer ${token({ aud: 'istio-ca', exp: '9999999999' })}`],
    ['an audience that is a number', `Bearer ${token({ aud: [1], exp: 9999999999 })}`],
    ['a token of a megabyte', `Bearer a.${'a'.repeat(1 << 20)}.b`],
  ])('refuses %s without asking the API server', async (_what, authorization) => {
    const state = bench();
    await expect(state.authenticate({ authorization })).rejects.toMatchObject({ kind: 'unauthenticated' });
    expect(state.reviewed).toEqual([]);
  });

  it('refuses a token for another audience, or past its end, without asking the API server', async () => {
    const state = bench();
    const other = `Bearer ${token({ aud: ['https://kubernetes.default.svc'], exp: start / 1000 + 60 })}`;
    await expect(state.authenticate({ authorization: other })).rejects.toThrow('not for audience istio-ca');
    const old = `Bearer ${token({ aud: ['istio-ca'], exp: start / 1000 - 1 })}`;
    await expect(state.authenticate({ authorization: old })).rejects.toThrow('has expired');
    expect(state.reviewed).toEqual([]);
  });

  it('is unavailable, not refused, when the API server does not answer', async () => {
    const { authenticate } = bench({ reviewToken: () => Promise.reject(new Error('connect ECONNREFUSED')) });
    const call = authenticate({ authorization: `Bearer ${goodToken}` });
    await expect(call).rejects.toMatchObject({ kind: 'unavailable', message: /could not be asked.*ECONNREFUSED/ });
    await expect(call).rejects.not.toThrow(goodToken);
  });
});

describe('authentication by client certificate', () => {
  const web = certificate('URI:spiffe://cluster.local/ns/shop/sa/web');
  const today = (): number => Date.now();

  it('gives the workload that the certificate names, without asking the API server', async () => {
    const state = bench({ now: today });
    expect(await state.authenticate({ peerCertificate: web })).toEqual({
      identity: { trustDomain: 'cluster.local', namespace: 'shop', serviceAccount: 'web' },
      provenBy: 'client-certificate',
    });
    expect(state.reviewed).toEqual([]);
  });

  it.each([
    ['another trust domain', 'URI:spiffe://elsewhere/ns/shop/sa/web', /trust domain "elsewhere"/],
    ['two names', 'URI:spiffe://cluster.local/ns/a/sa/b,URI:spiffe://cluster.local/ns/c/sa/d', /exactly one name/],
    ['a host name', 'DNS:web.shop', /exactly one name/],
    ['a SPIFFE id of another form', 'URI:spiffe://cluster.local/web', /exactly one name/],
  ])('refuses %s', async (_what, name, reason) => {
    const { authenticate } = bench({ now: today });
    await expect(authenticate({ peerCertificate: certificate(name) })).rejects.toThrow(reason);
  });

  it('refuses bytes that are no certificate, and a certificate that has expired since the handshake', async () => {
    const { authenticate } = bench({ now: () => today() + 40 * 24 * 3600 * 1000 });
    await expect(authenticate({ peerCertificate: Buffer.of(1) })).rejects.toThrow('cannot be read');
    await expect(authenticate({ peerCertificate: web })).rejects.toThrow('expired at');
  });

  it('falls back to the token, and says all that was wrong when that is refused too', async () => {
    const { authenticate } = bench({ now: () => start });
    const peerCertificate = certificate('DNS:web.shop');
    expect(await authenticate({ peerCertificate, authorization: `Bearer ${goodToken}` })).toMatchObject({
      provenBy: 'service-account-token',
    });
    await expect(authenticate({ peerCertificate, authorization: 'Bearer x' })).rejects.toThrow(
      /exactly one.*; the auth/,
    );
  });

  it('refuses a caller that shows nothing', async () => {
    await expect(bench().authenticate({})).rejects.toThrow('neither a client certificate nor a token was shown');
  });
});
