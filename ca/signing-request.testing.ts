import { generateKeyPairSync, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { signatureAlgorithmOf } from './algorithms.ts';
import { bitString, encode, encoded, integer, sequence } from './der.ts';
import type { Element } from './der.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';

/** What tests may change about a good request. */
export interface RequestParts {
  readonly key: KeyObject;
  /** Signs instead of `key`. */
  readonly signingKey?: KeyObject;
  readonly hash?: string;
  readonly version?: number;
  readonly subject?: Element;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey?: Buffer;
  /** Everything behind the public key. */
  readonly attributes?: readonly Element[];
  readonly algorithm?: Element;
  /** Further elements at the end of the outer sequence. */
  readonly extra?: readonly Element[];
}

/** `[0]` without attributes in it. */
export const noAttributes = encoded(Buffer.of(0xa0, 0x00));

export function makeRequestDer(parts: RequestParts): Buffer {
  const info = encode(
    sequence(
      integer(Buffer.of(parts.version ?? 0)),
      parts.subject ?? sequence(),
      encoded(parts.publicKey ?? publicKeyOf(parts.key)),
      ...(parts.attributes ?? [noAttributes]),
    ),
  );
  const signature = sign(parts.hash ?? 'sha256', info, parts.signingKey ?? parts.key);
  const algorithm = parts.algorithm ?? signatureAlgorithmOf(parts.key);
  return encode(sequence(encoded(info), algorithm, bitString(signature), ...(parts.extra ?? [])));
}

export function makeRequest(parts: RequestParts): string {
  return encodePem('CERTIFICATE REQUEST', makeRequestDer(parts));
}

export function ecKey(namedCurve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve }).privateKey;
}

export function rsaKey(modulusLength: number, publicExponent = 65537): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength, publicExponent }).privateKey;
}
