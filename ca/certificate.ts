import { randomBytes } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { signatureAlgorithmOf, signatureOf, signWith } from './algorithms.ts';
import {
  authorityKeyIdentifier,
  authorityUsage,
  distinguishedName,
  endEntityUsage,
  keyIdentifier,
  readIssuerFields,
  subjectAlternativeNames,
  subjectKeyIdentifier,
} from './certificate-fields.ts';
import type { SubjectAlternativeName } from './certificate-fields.ts';
import { derTags, encode, explicit, integer, joined, sequence, time } from './der.ts';
import { publicKeyOf } from './public-key.ts';
import { encodePem } from './pem.ts';

/** Certificates are valid from this long before they are made, for peers whose clocks are behind; milliseconds. */
export const backdatingMs = 2 * 60 * 1000;

export interface IssuedCertificate {
  readonly der: Buffer;
  readonly pem: string;
  /** Hexadecimal, lower case, as `openssl x509 -serial` but for the case. */
  readonly serial: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface CertificateOrder {
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Buffer;
  readonly names: readonly SubjectAlternativeName[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Signs end-entity certificates (RFC 5280, for TLS as client and server). Makes no decision about who may have one. */
export interface Signer {
  sign(order: CertificateOrder): Promise<IssuedCertificate>;
}

/** What is the same in every certificate of one authority is encoded here, once; the rest is put between its bytes. */
export function createSigner(key: KeyObject, certificate: X509Certificate): Signer {
  const issuer = readIssuerFields(certificate.raw);
  const identifier = issuer.keyIdentifier ?? keyIdentifier(publicKeyOf(key));
  const algorithm = encode(signatureAlgorithmOf(key));
  const template: CertificateTemplate = {
    version,
    algorithmAndIssuer: Buffer.concat([algorithm, issuer.subject]),
    // Empty, so the names must be critical (RFC 5280, 4.2.1.6).
    subject: encode(sequence()),
    extensions: Buffer.concat([...endEntityUsage(), authorityKeyIdentifier(identifier)].map(encode)),
  };
  const signature = signatureOf(key);
  return {
    async sign(order) {
      const serial = randomSerial();
      const body = bodyOf(template, serial, order);
      return issued(order, serial, joined(derTags.sequence, body, algorithm, bitsOf(await signature(body))));
    },
  };
}

const version = encode(explicit(0, integer(Buffer.of(2))));

interface CertificateTemplate {
  readonly version: Buffer;
  readonly algorithmAndIssuer: Buffer;
  readonly subject: Buffer;
  readonly extensions: Buffer;
}

/** TBSCertificate (RFC 5280, 4.1). */
function bodyOf(template: CertificateTemplate, serial: Buffer, order: CertificateOrder): Buffer {
  const extensions = [subjectKeyIdentifier(order.publicKey), subjectAlternativeNames(order.names, true)].map(encode);
  return joined(
    derTags.sequence,
    template.version,
    joined(derTags.integer, serial),
    template.algorithmAndIssuer,
    encode(sequence(time(order.notBefore), time(order.notAfter))),
    template.subject,
    order.publicKey,
    joined(derTags.extensions, joined(derTags.sequence, template.extensions, ...extensions)),
  );
}

/** A BIT STRING that uses all its bits. */
function bitsOf(bytes: Buffer): Buffer {
  return joined(derTags.bitString, Buffer.of(0), bytes);
}

function issued(
  { notBefore, notAfter }: Pick<CertificateOrder, 'notBefore' | 'notAfter'>,
  serial: Buffer,
  der: Buffer,
): IssuedCertificate {
  return { der, pem: encodePem('CERTIFICATE', der), serial: serial.toString('hex'), notBefore, notAfter };
}

export interface RootOrder {
  readonly key: KeyObject;
  /** The organization that the root is named for. */
  readonly trustDomain: string;
  readonly lifetimeMs: number;
  readonly now: Date;
}

/** A self-signed root that may sign certificates. */
export async function makeRootCertificate(order: RootOrder): Promise<IssuedCertificate> {
  const publicKey = publicKeyOf(order.key);
  const name = encode(distinguishedName(order.trustDomain, 'Meltemi root'));
  const serial = randomSerial();
  const algorithm = encode(signatureAlgorithmOf(order.key));
  const validity = {
    notBefore: new Date(order.now.getTime() - backdatingMs),
    notAfter: new Date(order.now.getTime() + order.lifetimeMs),
  };
  const body = joined(
    derTags.sequence,
    version,
    joined(derTags.integer, serial),
    algorithm,
    name,
    encode(sequence(time(validity.notBefore), time(validity.notAfter))),
    name,
    publicKey,
    encode(explicit(3, sequence(...authorityUsage(), subjectKeyIdentifier(publicKey)))),
  );
  const signature = await signWith(order.key, body);
  return issued(validity, serial, joined(derTags.sequence, body, algorithm, bitsOf(signature)));
}

/** 16 bytes: positive, and never shorter, so that every certificate has a serial number of the same length. */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
