import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { contextTag, derTag, element, oid } from '../certificate/der.ts';

const ecdsaWithSha256 = element(derTag.sequence, oid('1.2.840.10045.4.3.2'));

export interface TestRoot {
  readonly privateKey: KeyObject;
  readonly pem: string;
  readonly name: string;
}

interface Certificate {
  readonly subject: string;
  readonly publicKey: Buffer;
  readonly notAfter: Date;
  readonly ca: boolean;
  /** Tag number of the general name (2 DNS, 6 URI) and its text. */
  readonly san?: readonly [number, string];
}

export function makeTestRoot(name: string): TestRoot {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  const notAfter = new Date(Date.now() + 86_400_000);
  return {
    privateKey,
    name,
    pem: certificate({ subject: name, publicKey: der, notAfter, ca: true }, { privateKey, name }),
  };
}

/** A certificate for the public key (DER) under the root. */
export function issueTestCertificate(
  root: TestRoot,
  publicKey: Buffer,
  san: readonly [number, string],
  lifetimeMs: number,
): string {
  return certificate({ subject: '', publicKey, notAfter: new Date(Date.now() + lifetimeMs), ca: false, san }, root);
}

function certificate(of: Certificate, issuer: Pick<TestRoot, 'privateKey' | 'name'>): string {
  const extension = (id: string, value: Buffer): Buffer =>
    element(derTag.sequence, oid(id), Buffer.from([1, 1, 0xff]), element(derTag.octetString, value));
  const extensions = [
    extension('2.5.29.19', element(derTag.sequence, ...(of.ca ? [Buffer.from([1, 1, 0xff])] : []))),
    ...(of.san === undefined
      ? []
      : [
          extension(
            '2.5.29.17',
            element(derTag.sequence, element(contextTag(of.san[0], 'primitive'), Buffer.from(of.san[1]))),
          ),
        ]),
  ];
  const body = element(
    derTag.sequence,
    element(contextTag(0, 'constructed'), element(derTag.integer, Buffer.from([2]))),
    element(derTag.integer, Buffer.from([1, ...crypto.getRandomValues(new Uint8Array(8))])),
    ecdsaWithSha256,
    distinguishedName(issuer.name),
    element(derTag.sequence, time(new Date(Date.now() - 60_000)), time(of.notAfter)),
    distinguishedName(of.subject),
    of.publicKey,
    element(contextTag(3, 'constructed'), element(derTag.sequence, ...extensions)),
  );
  const signature = element(derTag.bitString, Buffer.from([0]), sign('sha256', body, issuer.privateKey));
  const der = element(derTag.sequence, body, ecdsaWithSha256, signature);
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, (line) => `${line}\n`);
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

function distinguishedName(commonName: string): Buffer {
  if (commonName === '') return element(derTag.sequence);
  const attribute = element(derTag.sequence, oid('2.5.4.3'), element(0x0c, Buffer.from(commonName)));
  return element(derTag.sequence, element(derTag.set, attribute));
}

/** GeneralizedTime, which RFC 5280 wants from 2050 only, but which every reader takes. */
function time(date: Date): Buffer {
  return element(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`));
}

/** Public key (SubjectPublicKeyInfo, DER) of a PKCS#10 request as the agent writes it: found by its place. */
export function publicKeyOf(csrPem: string): Buffer {
  const der = Buffer.from(csrPem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  // request { info { version, subject (empty), public key, … } … }
  const inner = skipHeader(der, skipHeader(der, 0)) + 3 + 2;
  const end = skipHeader(der, inner) + lengthAt(der, inner);
  return der.subarray(inner, end);
}

function lengthAt(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f);
}

function skipHeader(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

/** The key that a request is for. */
export function requestKey(csrPem: string): KeyObject {
  return createPublicKey({ key: publicKeyOf(csrPem), format: 'der', type: 'spki' });
}
