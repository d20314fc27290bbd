import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey, signatureAlgorithmOf, signWith } from './algorithms.ts';
import { AuthorityError, makeSelfSigned, openAuthority } from './authority.ts';
import type { AuthorityFiles } from './authority.ts';
import { authorityUsage, distinguishedName, readIssuerFields, subjectKeyIdentifier } from './certificate-fields.ts';
import { bitString, encode, encoded, explicit, integer, sequence, time } from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';
import { ecKey, rsaKey } from './signing-request.testing.ts';

const day = 24 * 3600 * 1000;
const now = new Date('2026-06-01T12:00:00Z');
const later = (days: number): Date => new Date(now.getTime() + days * day);

const makeRoot = (days = 3650): Promise<AuthorityFiles> =>
  makeSelfSigned({ trustDomain: 'cluster.local', keyType: 'ECDSA-P256', lifetimeMs: days * day, now });

const toPem = (key: ReturnType<typeof ecKey>): string => key.export({ format: 'pem', type: 'pkcs8' }).toString();

/** An authority whose certificate was signed by `root`'s. */
async function makeIntermediate(root: AuthorityFiles, days: number): Promise<AuthorityFiles> {
  const rootKey = createPrivateKey(root.caKey);
  const key = await generateKey('ECDSA-P256');
  const publicKey = publicKeyOf(key);
  const body = encode(
    sequence(
      explicit(0, integer(Buffer.of(2))),
      integer(Buffer.of(7)),
      signatureAlgorithmOf(rootKey),
      encoded(readIssuerFields(new X509Certificate(root.caCert).raw).subject),
      sequence(time(now), time(later(days))),
      distinguishedName('cluster.local', 'intermediate'),
      encoded(publicKey),
      explicit(3, sequence(...authorityUsage(), subjectKeyIdentifier(publicKey))),
    ),
  );
  const signature = bitString(await signWith(rootKey, body));
  const caCert = encodePem('CERTIFICATE', encode(sequence(encoded(body), signatureAlgorithmOf(rootKey), signature)));
  return { caCert, caKey: toPem(key), certChain: caCert, rootCert: root.rootCert };
}

const root = await makeRoot();
const other = await makeRoot();
const leafOnly = await openAuthority(root, now).signer.sign({
  publicKey: publicKeyOf(ecKey()),
  names: [{ type: 'dns', value: 'x' }],
  notBefore: now,
  notAfter: later(1),
});
const refused: readonly (readonly [string, AuthorityFiles, RegExp])[] = [
  ['an empty certificate', { ...root, caCert: '' }, /ca-cert\.pem has no certificate/],
  ['text instead of a certificate', { ...root, caCert: 'hello' }, /ca-cert\.pem has no certificate/],
  [
    'a certificate that is cut',
    { ...root, caCert: root.caCert.slice(0, 200) },
    /ca-cert\.pem has a PEM block that is cut/,
  ],
  ['a key as certificate', { ...root, caCert: root.caKey }, /ca-cert\.pem has a PEM block of type "PRIVATE KEY"/],
  ['garbage in PEM', { ...root, caCert: encodePem('CERTIFICATE', Buffer.of(1, 2)) }, /ca-cert\.pem cannot be read/],
  ['two certificates', { ...root, caCert: root.caCert + other.caCert }, /more than one certificate/],
  ['no key', { ...root, caKey: '' }, /ca-key\.pem is not a private key/],
  ['a certificate as key', { ...root, caKey: root.caCert }, /ca-key\.pem is not a private key/],
  ['the key of another', { ...root, caKey: other.caKey }, /not the key of ca-cert\.pem/],
  ['a small RSA key', { ...root, caKey: toPem(rsaKey(1024)) }, /RSA of 1024 bits/],
  ['no root', { ...root, rootCert: '' }, /root-cert\.pem has no certificate/],
  ['the root of another', { ...root, rootCert: other.rootCert }, /does not lead to a root/],
  ['a leaf', { ...root, caCert: leafOnly.pem }, /not that of a certificate authority/],
];

describe('openAuthority', () => {
  it('opens a self-signed root, which signs without anything in between', async () => {
    const files = await makeRoot();
    const authority = openAuthority(files, now);
    expect(authority.intermediates).toEqual([]);
    expect(authority.rootCertificates).toBe(files.rootCert);
    expect(authority.notAfter).toEqual(later(3650));
    expect(authority.certificate.subject).toBe('O=cluster.local\nCN=Meltemi root');
  });

  it('opens an intermediate, and ends when the first of the chain does', async () => {
    const root = await makeRoot(100);
    const authority = openAuthority(await makeIntermediate(root, 30), now);
    expect(authority.intermediates).toHaveLength(1);
    expect(authority.rootCertificates).toBe(root.rootCert);
    expect(authority.notAfter).toEqual(later(30));
    expect(authority.roots).toHaveLength(1);
  });

  it('takes keys in PKCS#8, PKCS#1 and SEC1', async () => {
    const files = await makeRoot();
    const sec1 = createPrivateKey(files.caKey).export({ format: 'pem', type: 'sec1' }).toString();
    expect(() => openAuthority({ ...files, caKey: sec1 }, now)).not.toThrow();
  });

  it.each(refused)('refuses %s', (_what, files, reason) => {
    expect(() => openAuthority(files, now)).toThrow(AuthorityError);
    expect(() => openAuthority(files, now)).toThrow(reason);
  });

  it('refuses one that has expired, and one that begins later', () => {
    expect(() => openAuthority(root, later(3651))).toThrow(/expired at/);
    expect(() => openAuthority(root, later(-1))).toThrow(/not valid before/);
  });

  it('keeps keys out of its errors', () => {
    const broken = { ...root, caKey: root.caKey.replace('MIG', 'AAA') };
    const body = root.caKey.split('\n')[1] ?? '';
    try {
      openAuthority(broken, now);
      expect.unreachable();
    } catch (error) {
      expect(String(error)).not.toContain(body.slice(4, 20));
    }
  });
});
