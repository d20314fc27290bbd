import { createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { refuseKey, refuseRsaKey } from './algorithms.ts';
import {
  decode,
  DerError,
  encode,
  nothing,
  objectIdentifier,
  readBitString,
  readInteger,
  readSequence,
  sequence,
} from './der.ts';
import type { Element } from './der.ts';

/** A public key, or why it cannot be used in words for its owner. */
export type RequestKey =
  | {
      readonly accepted: true;
      readonly key: KeyObject;
      /** SubjectPublicKeyInfo, DER: the only encoding of this key. */
      readonly publicKey: Buffer;
    }
  | { readonly accepted: false; readonly reason: string };

const ellipticCurve = objectIdentifier('1.2.840.10045.2.1');

/** The AlgorithmIdentifiers of keys that are taken, to the byte (RFC 5480, 2.1.1 and RFC 3279, 2.3.1). */
const algorithms = {
  p256: encode(sequence(ellipticCurve, objectIdentifier('1.2.840.10045.3.1.7'))),
  p384: encode(sequence(ellipticCurve, objectIdentifier('1.3.132.0.34'))),
  rsa: encode(sequence(objectIdentifier('1.2.840.113549.1.1.1'), nothing())),
};
const coordinateBytes = { p256: 32, p384: 48 };

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). What decides is read from the bytes themselves, which costs a
 * fifth of having OpenSSL export the key again and describe it. Throws DerError where it is no such structure.
 */
export function readRequestKey(element: Element | undefined): RequestKey {
  const parts = readSequence(element, 'the public key');
  const [algorithm, bits] = parts;
  if (element === undefined || algorithm === undefined || parts.length !== 2) return unreadable;
  const identifier = encode(algorithm);
  const publicKey = encode(element);
  const known = (['p256', 'p384', 'rsa'] as const).find((name) => algorithms[name].equals(identifier));
  if (known === undefined) return { accepted: false, reason: reasonForOther(publicKey) };
  const content = readBitString(bits, 'the public key');
  const reason = known === 'rsa' ? refuseRsaContent(content) : refusePoint(content, coordinateBytes[known]);
  if (reason !== undefined) return { accepted: false, reason };
  const key = open(publicKey);
  return key === undefined ? unreadable : { accepted: true, key, publicKey };
}

const unreadable = {
  accepted: false,
  reason: 'the public key cannot be read; use ECDSA P-256, P-384 or RSA',
} as const;

/** OpenSSL checks that a point is on its curve. Its words ("error:0688010A:asn1 …") help no caller. */
function open(publicKey: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: publicKey, format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** The algorithm is none of ours; OpenSSL may know its name. */
function reasonForOther(publicKey: Buffer): string {
  const key = open(publicKey);
  if (key === undefined) return unreadable.reason;
  // A curve that is spelled out by its parameters may be one of ours to OpenSSL; Envoy does not take it.
  return `the key ${refuseKey(key) ?? 'names its algorithm in an unusual way; use a named curve, or RSA as in RFC 3279'}`;
}

/** Uncompressed only: BoringSSL takes no other (SEC 1, 2.3.3). */
function refusePoint(point: Buffer, coordinate: number): string | undefined {
  if (point[0] === 2 || point[0] === 3) return 'the key is a compressed point';
  return point[0] === 4 && point.length === 1 + 2 * coordinate ? undefined : unreadable.reason;
}

/** RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } (RFC 8017, A.1.1). */
function refuseRsaContent(content: Buffer): string | undefined {
  const [modulus, exponent, ...rest] = readSequence(decode(content), 'the RSA key');
  if (rest.length > 0) throw new DerError('the RSA key has more parts than two');
  const n = readInteger(modulus, 'the modulus');
  const e = readInteger(exponent, 'the exponent');
  if ((n[0] ?? 0x80) >= 0x80 || (e[0] ?? 0x80) >= 0x80) return 'the key is RSA with a negative number';
  const refused = refuseRsaKey(bitLength(n), e.length > 8 ? undefined : BigInt(`0x${e.toString('hex')}`));
  if (refused !== undefined) return `the key ${refused}`;
  return ((n.at(-1) ?? 0) & 1) === 0 ? 'the key is RSA with an even modulus' : undefined;
}

/** Of an INTEGER that is not negative, which may begin with a byte of zeros. */
function bitLength(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? 0 : (bytes.length - first) * 8 - (Math.clz32(bytes[first] ?? 0) - 24);
}
