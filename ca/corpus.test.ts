import { createHash, createPrivateKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthenticator } from '../lib/authentication.ts';
import { readTokenReview } from '../lib/kube/token-review.ts';
import type { TokenReview } from '../lib/kube/types.ts';
import { makeSelfSigned, openAuthority } from './authority.ts';
import type { AuthorityFiles } from './authority.ts';
import type { BadInput } from './bad-requests.testing.ts';
import { badRequests } from './bad-requests.testing.ts';
import { bitString, decode, encode, encoded, nothing, readSequence, sequence } from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import { openRoot, readRootSecret, RootSecretError } from './root-secret.ts';
import { parseSigningRequest, SigningRequestError } from './signing-request.ts';
import { ecKey, rsaKey } from './signing-request.testing.ts';

const now = new Date('2026-06-01T12:00:00Z');
const seconds = now.getTime() / 1000;

/** For people: one line, none of the words of a library about its insides. */
function expectClear(message: string): void {
  expect(message).not.toMatch(/error:[0-9A-F]{8}|OpenSSL|undefined|\[object|forge|\n/);
  expect(message.length).toBeLessThan(400);
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it was not refused');
}

describe('a bad signing request', () => {
  it.each(badRequests)('is refused: %s', async (_what, make, reason) => {
    const error = await refusal(parseSigningRequest(make()));
    expect(error).toBeInstanceOf(SigningRequestError);
    expect(error.message).toMatch(reason);
    expectClear(error.message);
  });
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwt = (claims: unknown): string => `${part({ alg: 'RS256', kid: 'k' })}.${part(claims)}.c2lnbmF0dXJl`;
const good = { aud: ['istio-ca'], exp: seconds + 3600, sub: 'system:serviceaccount:shop:web' };
type Answer = NonNullable<TokenReview['status']>;
const user = (username: string): Answer => ({ authenticated: true, audiences: ['istio-ca'], user: { username } });
const yes: Answer = {
  ...user('system:serviceaccount:shop:web'),
  user: {
    username: 'system:serviceaccount:shop:web',
    extra: {
      'authentication.kubernetes.io/pod-name': ['web-1'],
      'authentication.kubernetes.io/pod-uid': ['gone'],
    },
  },
};

/** The header, and what the API server would say of it. */
const badTokens: readonly BadInput<readonly [authorization: string, answer?: Answer]>[] = [
  ['no scheme', () => [jwt(good)], /not a service account token/],
  ['another scheme', () => [`Basic ${jwt(good)}`], /not a service account token/],
  ['no token', () => ['Bearer '], /not a service account token/],
  ['two tokens', () => [`Bearer ${jwt(good)} ${jwt(good)}`], /not a service account token/],
  ['text', () => ['Bearer hello'], /not a service account token/],
  ['two parts', () => [`Bearer ${part(good)}.${part(good)}`], /not a service account token/],
  ['five parts, as when encrypted', () => ['Bearer a.b.c.d.e'], /not a service account token/],
  ['an empty payload', () => ['Bearer a..b'], /not a service account token/],
  ['a payload that is not JSON', () => [`Bearer a.${Buffer.from('{').toString('base64url')}.b`], /not a service/],
  ['a payload that is null', () => [`Bearer a.${part(null)}.b`], /not a service account token/],
  ['a payload that is a list', () => [`Bearer a.${part([good])}.b`], /not a service account token/],
  ['no end', () => [`Bearer ${jwt({ aud: good.aud })}`], /not a service account token/],
  ['an end that is text', () => [`Bearer ${jwt({ ...good, exp: '9999999999' })}`], /not a service account token/],
  ['an audience that is a number', () => [`Bearer ${jwt({ ...good, aud: [1] })}`], /not a service account token/],
  ['an audience within a list of lists', () => [`Bearer ${jwt({ ...good, aud: [['istio-ca']] })}`], /not a service/],
  ['a megabyte', () => [`Bearer a.${'a'.repeat(1 << 20)}.b`], /not a service account token/],
  ['a line break in it', () => [`Bearer ${jwt(good)}\nx`], /not a service account token/],
  ['an end in the past', () => [`Bearer ${jwt({ ...good, exp: seconds - 1 })}`], /the token has expired/],
  ['a negative end', () => [`Bearer ${jwt({ ...good, exp: -1 })}`], /the token has expired/],
  ['no audience', () => [`Bearer ${jwt({ exp: good.exp })}`], /not a service account token/],
  ['another audience', () => [`Bearer ${jwt({ ...good, aud: 'vault' })}`], /not for audience istio-ca/],
  [
    'an audience that begins alike',
    () => [`Bearer ${jwt({ ...good, aud: 'istio-ca2' })}`],
    /not for audience istio-ca/,
  ],
  [
    'one that the API server does not know',
    () => [`Bearer ${jwt(good)}`, { authenticated: false, error: 'bad' }],
    /does not know the token: bad/,
  ],
  ['one without an answer', () => [`Bearer ${jwt(good)}`, {}], /does not know the token: no reason given/],
  ['one confirmed for no audience', () => [`Bearer ${jwt(good)}`, { ...yes, audiences: [] }], /not for audience/],
  [
    'one confirmed for another audience',
    () => [`Bearer ${jwt(good)}`, { ...yes, audiences: ['x'] }],
    /not for audience/,
  ],
  [
    'that of a node',
    () => [`Bearer ${jwt(good)}`, user('system:node:worker')],
    /"system:node:worker" is not a service account/,
  ],
  ['that of a person', () => [`Bearer ${jwt(good)}`, user('jane')], /"jane" is not a service account/],
  [
    'that of nobody',
    () => [`Bearer ${jwt(good)}`, { authenticated: true, audiences: ['istio-ca'] }],
    /"" is not a service account/,
  ],
  [
    'a name with a part too many',
    () => [`Bearer ${jwt(good)}`, user('system:serviceaccount:a:b:c')],
    /not a service account/,
  ],
  ['a name with a slash', () => [`Bearer ${jwt(good)}`, user('system:serviceaccount:a/ns:b')], /not a service account/],
  [
    'a name without a namespace',
    () => [`Bearer ${jwt(good)}`, user('system:serviceaccount::b')],
    /not a service account/,
  ],
  ['that of a pod that is gone', () => [`Bearer ${jwt(good)}`, yes], /the token's pod web-1 is gone/],
];

describe('a bad token', () => {
  it.each(badTokens)('is refused: %s', async (_what, make, reason) => {
    const [authorization, answer] = make();
    const authenticate = createAuthenticator({
      trustDomain: 'cluster.local',
      audience: 'istio-ca',
      reviewToken: () => Promise.resolve(readTokenReview(answer === undefined ? {} : { status: answer }, 'istio-ca')),
      isPodGone: (uid) => uid === 'gone',
      now: () => now.getTime(),
    });
    const error = await refusal(authenticate({ authorization }));
    expect(error).toMatchObject({ name: 'AuthenticationError', kind: 'unauthenticated' });
    expect(error.message).toMatch(reason);
    expectClear(error.message);
    expect(error.message).not.toContain(authorization.slice(7, 60) || 'Bearer');
  });
});

const day = 24 * 3600 * 1000;
const order = { trustDomain: 'cluster.local', keyType: 'ECDSA-P256', lifetimeMs: 30 * day } as const;
let root: AuthorityFiles;
let other: AuthorityFiles;
let old: AuthorityFiles;
let early: AuthorityFiles;
let leaf: string;
beforeAll(async () => {
  root = await makeSelfSigned({ ...order, now });
  other = await makeSelfSigned({ ...order, now });
  old = await makeSelfSigned({ ...order, now: new Date(now.getTime() - 31 * day) });
  early = await makeSelfSigned({ ...order, now: new Date(now.getTime() + day) });
  const { signer } = openAuthority(root, now);
  const until = new Date(now.getTime() + day);
  const names = [{ type: 'dns', value: 'x' }] as const;
  leaf = (await signer.sign({ publicKey: publicKeyOf(ecKey()), names, notBefore: now, notAfter: until })).pem;
});

const toPem = (key: ReturnType<typeof ecKey>): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();
const encrypted = (): string =>
  ecKey().export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
const ed25519 = (): string => toPem(generateKeyPairSync('ed25519').privateKey);
const data = (files: Partial<AuthorityFiles>): Readonly<Record<string, string>> => {
  const { caCert, caKey, certChain, rootCert } = { ...root, ...files };
  const named = { 'ca-cert.pem': caCert, 'ca-key.pem': caKey, 'cert-chain.pem': certChain, 'root-cert.pem': rootCert };
  return Object.fromEntries(Object.entries(named).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
};
const without = (key: string): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data({})).filter(([name]) => name !== key));
const sha1Certificate = (): string => {
  // The body's hash instead of a signature: well-formed, and signed by nobody.
  const der = Buffer.from(root.caCert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  createHash('sha1')
    .update(der)
    .digest()
    .copy(der, der.length - 20);
  return encodePem('CERTIFICATE', der);
};

const badSecrets: readonly BadInput<Readonly<Record<string, string>>>[] = [
  ['no data', () => ({}), /key ca-cert.pem is missing/],
  ['no certificate', () => without('ca-cert.pem'), /key ca-cert.pem is missing/],
  ['no key', () => without('ca-key.pem'), /key ca-key.pem is missing/],
  ['an empty certificate', () => data({ caCert: '' }), /key ca-cert.pem is missing/],
  ['what is not base64', () => ({ ...data({}), 'ca-cert.pem': '%%%' }), /key ca-cert.pem is missing/],
  ['text instead of a certificate', () => data({ caCert: 'hello' }), /ca-cert.pem has no certificate/],
  [
    'a certificate that is cut',
    () => data({ caCert: root.caCert.slice(0, 200) }),
    /ca-cert.pem has a PEM block that is cut/,
  ],
  [
    'a certificate with bytes behind it',
    () => data({ caCert: withTail(root.caCert) }),
    /ca-cert.pem has a certificate with further bytes/,
  ],
  ['a key as certificate', () => data({ caCert: root.caKey }), /ca-cert.pem has a PEM block of type "PRIVATE KEY"/],
  [
    'a request as certificate',
    () => data({ caCert: encodePem('CERTIFICATE REQUEST', Buffer.of(1)) }),
    /type "CERTIFICATE REQUEST"/,
  ],
  ['garbage in PEM', () => data({ caCert: encodePem('CERTIFICATE', Buffer.of(1, 2)) }), /ca-cert.pem cannot be read/],
  ['two certificates', () => data({ caCert: root.caCert + other.caCert }), /more than one certificate/],
  ['a certificate as key', () => data({ caKey: root.caCert }), /ca-key.pem is not a private key/],
  [
    'a public key as key',
    () => data({ caKey: encodePem('PUBLIC KEY', publicKeyOf(ecKey())) }),
    /ca-key.pem is not a private key/,
  ],
  ['an encrypted key', () => data({ caKey: encrypted() }), /ca-key.pem is not a private key in PEM .*not encrypted/],
  ['a key that is cut', () => data({ caKey: root.caKey.slice(0, 100) }), /ca-key.pem is not a private key/],
  ['the key of another', () => data({ caKey: other.caKey }), /ca-key.pem is not the key of ca-cert.pem/],
  ['a small RSA key', () => data({ caKey: toPem(rsaKey(1024)) }), /RSA of 1024 bits/],
  ['a key on P-521', () => data({ caKey: toPem(ecKey('P-521')) }), /curve secp521r1/],
  ['an Ed25519 key', () => data({ caKey: ed25519() }), /type ed25519/],
  ['a root that is text', () => data({ rootCert: 'root' }), /root-cert.pem has no certificate/],
  ['a root that is a key', () => data({ rootCert: root.caKey }), /root-cert.pem has a PEM block of type/],
  ['the root of another', () => data({ rootCert: other.rootCert }), /does not lead to a root of root-cert.pem/],
  [
    'a chain of text in PEM',
    () => data({ certChain: encodePem('CERTIFICATE', Buffer.from('x')) }),
    /cert-chain.pem cannot be read/,
  ],
  [
    'a chain that is cut',
    () => data({ certChain: root.caCert.slice(0, 99) }),
    /cert-chain.pem has a PEM block that is cut/,
  ],
  [
    'a signature by nobody',
    () => data({ caCert: sha1Certificate(), rootCert: other.rootCert }),
    /does not lead to a root|cannot be read/,
  ],
  ["a workload's certificate", () => data({ caCert: leaf }), /not that of a certificate authority/],
  ['one that may sign revocation lists only', () => data(crlOnly()), /not that of a certificate authority/],
  ['one that has expired', () => data(old), /expired at 2026-05-31/],
  ['one of tomorrow', () => data(early), /not valid before 2026-06-02/],
];

/** The root with another key usage, and a signature that fits. */
function crlOnly(): Partial<AuthorityFiles> {
  const [was, is] = [Buffer.from('03020106', 'hex'), Buffer.from('03020102', 'hex')];
  const [body, ...rest] = readSequence(decode(new X509Certificate(root.caCert).raw), 'the certificate');
  const changed = Buffer.from(
    encode(body ?? nothing())
      .toString('latin1')
      .replace(was.toString('latin1'), is.toString('latin1')),
    'latin1',
  );
  const signature = bitString(sign('sha256', changed, root.caKey));
  const caCert = encodePem('CERTIFICATE', encode(sequence(encoded(changed), rest[0] ?? nothing(), signature)));
  return { caCert, rootCert: caCert };
}

function withTail(pem: string): string {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return encodePem('CERTIFICATE', Buffer.concat([der, Buffer.of(0, 0)]));
}

describe("a bad Secret of the authority's", () => {
  const metadata = { name: 'istio-ca-secret', namespace: 'istio-system' };

  it('is none as long as nothing is changed', () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, data: data({}) };
    expect(() => openRoot(readRootSecret(secret), 'istio-system', now)).not.toThrow();
    expect(() => createPrivateKey(root.caKey)).not.toThrow();
  });

  it.each(badSecrets)('is refused: %s', (_what, make, reason) => {
    const open = (): unknown =>
      openRoot(readRootSecret({ apiVersion: 'v1', kind: 'Secret', metadata, data: make() }), 'istio-system', now);
    expect(open).toThrow(RootSecretError);
    expect(open).not.toThrow(/error:[0-9A-F]{8}|OpenSSL/);
    expect(open).toThrow(reason);
    expect(open).toThrow(/^Secret istio-system\/istio-ca-secret holds no usable certificate authority: .*; repair it/);
  });
});

it('is large enough to mean something', () => {
  expect(badRequests.length + badTokens.length + badSecrets.length).toBeGreaterThanOrEqual(60);
});
