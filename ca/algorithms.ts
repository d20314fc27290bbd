import { generateKeyPair, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { isNull, nothing, objectIdentifier, readObjectIdentifier, readSequence, sequence } from './der.ts';
import type { Element } from './der.ts';

/** Kinds of keys that Meltemi makes and certifies: those that Envoy (BoringSSL) takes in its default build. */
export const keyTypes = ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'RSA-4096'] as const;
export type KeyType = (typeof keyTypes)[number];

interface SignatureAlgorithm {
  readonly oid: string;
  readonly keyType: 'ec' | 'rsa';
  readonly hash: string;
}

/** RFC 5758 (ECDSA) and RFC 4055 (RSA, PKCS#1 v1.5). SHA-1 is not among them. */
const signatureAlgorithms: readonly SignatureAlgorithm[] = [
  { oid: '1.2.840.10045.4.3.2', keyType: 'ec', hash: 'sha256' },
  { oid: '1.2.840.10045.4.3.3', keyType: 'ec', hash: 'sha384' },
  { oid: '1.2.840.10045.4.3.4', keyType: 'ec', hash: 'sha512' },
  { oid: '1.2.840.113549.1.1.11', keyType: 'rsa', hash: 'sha256' },
  { oid: '1.2.840.113549.1.1.12', keyType: 'rsa', hash: 'sha384' },
  { oid: '1.2.840.113549.1.1.13', keyType: 'rsa', hash: 'sha512' },
];

const generate = promisify(generateKeyPair);
const signInPool = promisify(sign);
const verifyInPool = promisify(verify);

export async function generateKey(type: KeyType): Promise<KeyObject> {
  const { privateKey } = await generateOf(type);
  return privateKey;
}

function generateOf(type: KeyType): Promise<{ readonly privateKey: KeyObject }> {
  switch (type) {
    case 'ECDSA-P256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'ECDSA-P384':
      return generate('ec', { namedCurve: 'P-384' });
    case 'RSA-2048':
      return generate('rsa', { modulusLength: 2048 });
    case 'RSA-4096':
      return generate('rsa', { modulusLength: 4096 });
  }
}

/** Why a key cannot be used in this mesh, in words that follow "the key"; undefined when it can. */
export function refuseKey(key: KeyObject): string | undefined {
  const { modulusLength, publicExponent, namedCurve } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') {
    return namedCurve === 'prime256v1' || namedCurve === 'secp384r1'
      ? undefined
      : `is on the curve ${namedCurve ?? 'without a name'}; use P-256 or P-384`;
  }
  if (key.asymmetricKeyType !== 'rsa') return `is of type ${key.asymmetricKeyType ?? 'unknown'}; use ECDSA or RSA`;
  return refuseRsaKey(modulusLength, publicExponent);
}

/** {@link refuseKey} of an RSA key by its numbers. */
export function refuseRsaKey(modulusBits: number | undefined, publicExponent: bigint | undefined): string | undefined {
  if (modulusBits === undefined || modulusBits < 2048 || modulusBits > 4096) {
    return `is RSA of ${String(modulusBits)} bits; use 2048 to 4096`;
  }
  // A huge exponent makes each verification slow.
  return publicExponent === undefined || publicExponent < 3n || publicExponent > 0xffffffffn
    ? 'is RSA with an exponent outside 3 to 2^32'
    : undefined;
}

/** The AlgorithmIdentifier of what {@link signWith} makes with this key. */
export function signatureAlgorithmOf(key: KeyObject): Element {
  const { oid, keyType } = algorithmFor(key);
  return keyType === 'rsa' ? sequence(objectIdentifier(oid), nothing()) : sequence(objectIdentifier(oid));
}

/**
 * Signs with a key: always in libuv's thread pool, where a signature costs the event loop 4 to 12 microseconds instead of 17
 * (P-256) to 1,230 (RSA-4096), during which streams would stand still (ADR 16).
 */
export function signatureOf(key: KeyObject): (message: Buffer) => Promise<Buffer> {
  const { hash } = algorithmFor(key);
  return (message) => signInPool(hash, message, key);
}

export async function signWith(key: KeyObject, message: Buffer): Promise<Buffer> {
  return signatureOf(key)(message);
}

/** P-384 goes with SHA-384, everything else with SHA-256. */
function algorithmFor(key: KeyObject): SignatureAlgorithm {
  const hash = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  const found = signatureAlgorithms.find((known) => known.keyType === key.asymmetricKeyType && known.hash === hash);
  if (found === undefined) throw new Error(`cannot sign with a key of type ${key.asymmetricKeyType ?? 'unknown'}`);
  return found;
}

/**
 * Reads an AlgorithmIdentifier and checks a signature with it, in the thread pool. Resolves to why it is refused, to
 * undefined when it is good; rejects with DerError.
 */
export async function refuseSignature(
  algorithm: Element | undefined,
  key: KeyObject,
  message: Buffer,
  signature: Buffer,
): Promise<string | undefined> {
  const [identifier, ...parameters] = readSequence(algorithm, 'the signature algorithm');
  const oid = readObjectIdentifier(identifier, 'the signature algorithm');
  const known = signatureAlgorithms.find((candidate) => candidate.oid === oid);
  if (known === undefined) return `the signature algorithm ${oid} is not supported; use ECDSA or RSA with SHA-256`;
  if (known.keyType !== key.asymmetricKeyType) return 'the signature algorithm does not fit the key';
  // RFC 4055, 5 wants NULL for RSA and RFC 5758, 3.2 nothing for ECDSA.
  const [parameter, ...rest] = parameters;
  const wellFormed = known.keyType === 'rsa' ? isNull(parameter) && rest.length === 0 : parameter === undefined;
  if (!wellFormed) return 'the signature algorithm has wrong parameters';
  return (await verifyInPool(known.hash, message, key, signature)) ? undefined : 'the signature does not fit the key';
}
