import { describeError } from '../lib/errors.ts';
import { refuseSignature } from './algorithms.ts';
import { decode, DerError, readBitString, readHeader, readInteger, readSequence } from './der.ts';
import type { Element } from './der.ts';
import { decodePem, PemError } from './pem.ts';
import { readRequestKey } from './request-key.ts';

/** Longest request that is looked at, bytes of PEM. One with an RSA key of 4096 bits has 1,800. */
export const maxRequestBytes = 8192;

/** Why a certificate signing request is refused; the message is meant for the caller. */
export class SigningRequestError extends Error {
  override readonly name = 'SigningRequestError';
}

/** What is taken from a request: its key. Subject, names and extensions that it asks for have no effect. */
export interface SigningRequest {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
}

/**
 * Reads a PEM-encoded PKCS#10 request (RFC 2986) and checks that the caller holds the key. Strict: one block, DER,
 * nothing after it. Rejects with {@link SigningRequestError} for anything else, whatever the bytes are.
 */
export async function parseSigningRequest(pem: string): Promise<SigningRequest> {
  try {
    return await parse(readBlock(pem));
  } catch (error) {
    if (error instanceof SigningRequestError) throw error;
    if (error instanceof PemError) throw new SigningRequestError(`the request ${error.message}`);
    if (error instanceof DerError) throw new SigningRequestError(`the request ${describeDerError(error)}`);
    throw new SigningRequestError(`the request cannot be read: ${describeError(error)}`);
  }
}

function readBlock(pem: string): Buffer {
  if (pem === '') throw new SigningRequestError('the request is empty');
  if (pem.length > maxRequestBytes) {
    throw new SigningRequestError(`the request is longer than ${String(maxRequestBytes)} bytes`);
  }
  const [block, ...more] = decodePem(pem);
  if (block === undefined) throw new SigningRequestError('the request is not PEM');
  if (more.length > 0) throw new SigningRequestError('the request has more than one PEM block');
  if (block.label !== 'CERTIFICATE REQUEST') {
    throw new SigningRequestError(`the request is a PEM block of type "${block.label}", not CERTIFICATE REQUEST`);
  }
  return block.der;
}

/** CertificationRequest ::= SEQUENCE { info, signatureAlgorithm, signature }. */
async function parse(der: Buffer): Promise<SigningRequest> {
  const [info, algorithm, signature, ...rest] = readSequence(decode(der), 'the request');
  if (rest.length > 0) throw new DerError('the request has more parts than three');
  const key = readRequestKey(readPublicKey(info));
  if (!key.accepted) throw new SigningRequestError(key.reason);
  const bytes = readBitString(signature, "the request's signature");
  const refused = await refuseSignature(algorithm, key.key, signedBytes(der), bytes);
  if (refused !== undefined) throw new SigningRequestError(refused);
  return { publicKey: key.publicKey };
}

/** CertificationRequestInfo ::= SEQUENCE { version (0), subject, subjectPublicKeyInfo, attributes [0] }. */
function readPublicKey(info: Element | undefined): Element | undefined {
  const [version, subject, publicKey, ...attributes] = readSequence(info, "the request's content");
  if (!readInteger(version, 'the version').equals(Buffer.of(0))) throw new DerError('the version is not 0');
  readSequence(subject, 'the subject');
  // Absent attributes are an error by the letter, and made by some libraries.
  if (attributes.length > 1) throw new DerError("the request's content has more parts than four");
  return publicKey;
}

/** The bytes of the first element within the outer sequence, as they stand in the request. */
function signedBytes(der: Buffer): Buffer {
  const outer = readHeader(der, 0);
  return der.subarray(outer.contents, readHeader(der, outer.contents).end);
}

function describeDerError(error: DerError): string {
  // Messages of the form "is not DER" speak of the request itself, others name the part.
  return /^(is|has) /.test(error.message) ? error.message : `is malformed: ${error.message}`;
}
