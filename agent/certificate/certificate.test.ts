import { verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFakeAuthority } from '../testing/fake-authority.ts';
import type { FakeAuthority } from '../testing/fake-authority.ts';
import { makeTestRoot, publicKeyOf, requestKey } from '../testing/test-certificates.ts';
import { hostOf, requestCertificate } from './authority-client.ts';
import type { AuthorityOptions } from './authority-client.ts';
import { readIssued } from './issued-certificate.ts';
import { keyTypes, makeKey } from './key.ts';
import { isWithin, uniteBundles } from './pem-bundle.ts';
import { makeSigningRequest } from './signing-request.ts';

const id = 'spiffe://cluster.local/ns/shop/sa/front';

describe('signing request', () => {
  it.each(keyTypes)('of a key of type %s carries the key and its signature', async (type) => {
    const key = await makeKey(type);
    const request = makeSigningRequest(key, id);
    expect(requestKey(request).equals(key.publicKey)).toBe(true);
    const der = Buffer.from(request.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(der.includes(Buffer.from(id))).toBe(true);
    // The info element ends with the attributes; the signature is over all of it.
    const start = der[1] === 0x82 ? 4 : der[1] === 0x81 ? 3 : 2;
    const length = der[start + 1] === 0x82 ? der.readUInt16BE(start + 2) + 4 : (der[start + 2] ?? 0) + 3;
    const info = der.subarray(start, start + length);
    const bits = der[start + length + 1] ?? 0;
    const signatureAt = start + length + 2 + bits;
    const header = der[signatureAt + 1] === 0x82 ? 5 : der[signatureAt + 1] === 0x81 ? 4 : 3;
    const digest = type === 'ECDSA-P384' ? 'sha384' : 'sha256';
    expect(verify(digest, info, key.publicKey, der.subarray(signatureAt + header))).toBe(true);
  });
});

describe('asking the certificate authority', () => {
  const root = makeTestRoot('root one');
  let authority: FakeAuthority;
  let folder: string;
  let options: AuthorityOptions;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'meltemi-agent-'));
    writeFileSync(join(folder, 'token'), 'first-token\n');
    writeFileSync(join(folder, 'root.pem'), root.pem);
    authority = await startFakeAuthority({ root, spiffeId: id, lifetimeMs: 60_000, serverName: 'localhost' });
    options = {
      address: `localhost:${authority.port}`,
      tokenFile: join(folder, 'token'),
      rootCertFile: join(folder, 'root.pem'),
      clusterId: 'Kubernetes',
      lifetimeSeconds: 60,
      timeoutMs: 5000,
    };
  });
  afterEach(async () => {
    await authority.close();
    rmSync(folder, { recursive: true });
  });

  it('gives a chain for the key, with the token as it is in the file at the time', async () => {
    const key = await makeKey('ECDSA-P256');
    const answer = await requestCertificate(options, makeSigningRequest(key, id));
    writeFileSync(options.tokenFile, 'second-token\n');
    await requestCertificate(options, makeSigningRequest(key, id));
    expect(authority.authorizations).toEqual(['Bearer first-token', 'Bearer second-token']);
    const issued = readIssued(answer, key, id, Date.now());
    expect(issued.roots).toBe(root.pem);
    expect(issued.chain).toContain('BEGIN CERTIFICATE');
    expect(issued.privateKey).toContain('BEGIN PRIVATE KEY');
  });

  it('fails with the words of the authority', async () => {
    authority.failWith({ code: 16, message: 'token has expired: renew it' });
    const key = await makeKey('ECDSA-P256');
    await expect(requestCertificate(options, makeSigningRequest(key, id))).rejects.toThrow(
      /localhost:\d+: token has expired: renew it \(gRPC status 16\)/,
    );
  });

  it('does not speak to an authority that another root vouches for', async () => {
    writeFileSync(options.rootCertFile, makeTestRoot('root two').pem);
    const key = await makeKey('ECDSA-P256');
    await expect(requestCertificate(options, makeSigningRequest(key, id))).rejects.toThrow(/certificate|issuer/);
    expect(authority.authorizations).toEqual([]);
  });

  it('refuses an answer for another key, another name or the past', async () => {
    const key = await makeKey('ECDSA-P256');
    const answer = await requestCertificate(options, makeSigningRequest(key, id));
    const other = await makeKey('ECDSA-P256');
    expect(() => readIssued(answer, other, id, Date.now())).toThrow(/another key/);
    expect(() => readIssued(answer, key, `${id}2`, Date.now())).toThrow(/for URI:spiffe:.*instead of/);
    expect(() => readIssued(answer, key, id, Date.now() + 120_000)).toThrow(/expired.*clock/);
    expect(() => readIssued(answer.slice(0, 1), key, id, Date.now())).toThrow(/1 certificates/);
    expect(publicKeyOf(makeSigningRequest(key, id))).not.toEqual(publicKeyOf(makeSigningRequest(other, id)));
  });
});

describe('bundles of roots', () => {
  const [one, two] = [makeTestRoot('one').pem, makeTestRoot('two').pem];

  it('are united without repetition and without what can not be read', () => {
    const refused: unknown[] = [];
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
    expect(uniteBundles([`# roots\n${one}`, broken, `${two}\n${one}`], (error) => refused.push(error))).toBe(one + two);
    expect(refused).toHaveLength(1);
  });

  it('are compared by their certificates', () => {
    expect(isWithin(one, two + one)).toBe(true);
    expect(isWithin(one, two)).toBe(false);
  });
});

it('takes the host from an address', () => {
  expect(hostOf('istiod.meltemi-system.svc:15012')).toBe('istiod.meltemi-system.svc');
  expect(hostOf('[fd00::1]:15012')).toBe('fd00::1');
});
