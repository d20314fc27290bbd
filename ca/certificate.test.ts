import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeSelfSigned, openAuthority } from './authority.ts';
import type { Authority } from './authority.ts';
import { publicKeyOf } from './public-key.ts';
import { issueServerCertificate, serverNames } from './server-certificate.ts';
import { ecKey, rsaKey } from './signing-request.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'meltemi-ca-'));
afterAll(() => rmSync(folder, { recursive: true }));

const day = 24 * 3600 * 1000;
const now = new Date('2026-06-01T12:00:00Z');
const name = 'spiffe://cluster.local/ns/default/sa/web';

async function makeAuthority(keyType: 'ECDSA-P256' | 'ECDSA-P384' | 'RSA-2048'): Promise<Authority> {
  const files = await makeSelfSigned({ trustDomain: 'cluster.local', keyType, lifetimeMs: 3650 * day, now });
  return openAuthority(files, now);
}

function openssl(...args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', cwd: folder });
}

/** What OpenSSL's verification says, at a moment. */
function verify(authority: Authority, certificate: string, at: Date, ...args: readonly string[]): string {
  writeFileSync(join(folder, 'root.pem'), authority.rootCertificates);
  writeFileSync(join(folder, 'leaf.pem'), certificate);
  const time = String(at.getTime() / 1000);
  return openssl('verify', '-x509_strict', '-attime', time, '-CAfile', 'root.pem', ...args, 'leaf.pem');
}

describe('certificates', () => {
  it.each(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048'] as const)('of a root with %s pass OpenSSL', async (keyType) => {
    const authority = await makeAuthority(keyType);
    for (const key of [ecKey(), ecKey('P-384'), rsaKey(2048)]) {
      const order = { publicKey: publicKeyOf(key), names: [{ type: 'uri', value: name }] as const };
      const leaf = await authority.signer.sign({ ...order, notBefore: now, notAfter: new Date(now.getTime() + day) });
      expect(verify(authority, leaf.pem, now, '-purpose', 'sslclient')).toContain('OK');
      expect(verify(authority, leaf.pem, now, '-purpose', 'sslserver')).toContain('OK');
    }
  });

  it('carry what TLS of a workload needs, and nothing that they were not ordered with', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const key = ecKey();
    const notAfter = new Date(now.getTime() + day);
    const { pem, serial } = await authority.signer.sign({
      publicKey: publicKeyOf(key),
      names: [{ type: 'uri', value: name }],
      notBefore: now,
      notAfter,
    });
    const leaf = new X509Certificate(pem);
    expect(leaf.subjectAltName).toBe(`URI:${name}`);
    expect(leaf.ca).toBe(false);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect([leaf.validFromDate, leaf.validToDate]).toEqual([now, notAfter]);
    expect(leaf.serialNumber.toLowerCase()).toBe(serial);
    expect(leaf.checkIssued(authority.certificate)).toBe(true);
    writeFileSync(join(folder, 'leaf.pem'), pem);
    const text = openssl('x509', '-in', 'leaf.pem', '-noout', '-text');
    expect(text).toMatch(/Subject Alternative Name: critical/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature, Key Encipherment/);
    expect(text).toMatch(/Subject: *\n/);
  });

  it('have serial numbers of 16 bytes that are positive and differ', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const publicKey = publicKeyOf(ecKey());
    const serials = new Set<string>();
    for (let count = 0; count < 100; count++) {
      const { serial } = await authority.signer.sign({ publicKey, names: [], notBefore: now, notAfter: now });
      expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
      serials.add(serial);
    }
    expect(serials.size).toBe(100);
  });

  it('write years from 2050 on so that they are read', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const late = new Date('2049-12-31T23:59:59Z');
    const later = new Date('2050-01-01T00:00:00Z');
    const order = { publicKey: publicKeyOf(ecKey()), names: [], notBefore: late, notAfter: later };
    const leaf = new X509Certificate((await authority.signer.sign(order)).pem);
    expect([leaf.validFromDate, leaf.validToDate]).toEqual([late, later]);
  });

  it('refuse names that a certificate cannot carry', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const order = { publicKey: publicKeyOf(ecKey()), notBefore: now, notAfter: now };
    for (const value of ['spiffe://cluster.local/ns/ä', 'a b', '']) {
      const signed = authority.signer.sign({ ...order, names: [{ type: 'uri', value }] });
      await expect(signed).rejects.toThrow('cannot be a name');
    }
  });
});

describe('issueServerCertificate', () => {
  it('speaks for the names of the Service', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const dnsNames = serverNames('istiod', 'meltemi-system');
    const server = await issueServerCertificate(authority, { dnsNames, ttlMs: day, now });
    const leaf = new X509Certificate(server.certificateChain);
    expect(leaf.checkHost('istiod.meltemi-system.svc')).toBeDefined();
    expect(leaf.checkHost('istiod.meltemi-system.svc.cluster.local')).toBeDefined();
    expect(leaf.checkHost('istiod.other.svc')).toBeUndefined();
    expect(verify(authority, server.certificateChain, now, '-purpose', 'sslserver')).toContain('OK');
  });

  it('does not outlive its authority', async () => {
    const authority = await makeAuthority('ECDSA-P256');
    const order = { dnsNames: ['istiod.x.svc'], ttlMs: 10_000 * day, now };
    expect((await issueServerCertificate(authority, order)).notAfter).toEqual(authority.notAfter);
  });
});
