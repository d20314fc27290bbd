import { sign } from 'node:crypto';
import { contextTag, derTag, element, oid } from './der.ts';
import type { KeyPair, KeyType } from './key.ts';

const extensionRequest = '1.2.840.113549.1.9.14';
const subjectAltName = '2.5.29.17';

/** Signature algorithm and digest of each key type (RFC 5758 section 3.2, RFC 8017 appendix A.2.4). */
const signatures: Readonly<Record<KeyType, { readonly algorithm: Buffer; readonly digest: string }>> = {
  'ECDSA-P256': { algorithm: element(derTag.sequence, oid('1.2.840.10045.4.3.2')), digest: 'sha256' },
  'ECDSA-P384': { algorithm: element(derTag.sequence, oid('1.2.840.10045.4.3.3')), digest: 'sha384' },
  'RSA-2048': {
    algorithm: element(derTag.sequence, oid('1.2.840.113549.1.1.11'), Buffer.from([0x05, 0x00])),
    digest: 'sha256',
  },
};

/**
 * A PKCS#10 request (RFC 2986) in PEM with an empty subject and the given SPIFFE ID as its only alternative name
 * (SPIFFE X509-SVID, section 2), signed with the key that it is for.
 */
export function makeSigningRequest(key: KeyPair, spiffeId: string): string {
  const uri = element(contextTag(6, 'primitive'), Buffer.from(spiffeId, 'ascii'));
  const extension = element(
    derTag.sequence,
    oid(subjectAltName),
    // Critical, as RFC 5280 section 4.2.1.6 demands where the subject is empty.
    Buffer.from([0x01, 0x01, 0xff]),
    element(derTag.octetString, element(derTag.sequence, uri)),
  );
  const attribute = element(
    derTag.sequence,
    oid(extensionRequest),
    element(derTag.set, element(derTag.sequence, extension)),
  );
  const info = element(
    derTag.sequence,
    element(derTag.integer, Buffer.from([0])),
    element(derTag.sequence),
    key.publicKey.export({ type: 'spki', format: 'der' }),
    element(contextTag(0, 'constructed'), attribute),
  );
  const { algorithm, digest } = signatures[key.type];
  const signature = element(derTag.bitString, Buffer.from([0]), sign(digest, info, key.privateKey));
  return toPem('CERTIFICATE REQUEST', element(derTag.sequence, info, algorithm, signature));
}

function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').replaceAll(/.{1,64}/g, (line) => `${line}\n`);
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
