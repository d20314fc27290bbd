import { randomBytes } from 'node:crypto';
import type { KeyObject, X509Certificate } from 'node:crypto';
import { signatureAlgorithmOf, signWith } from './algorithms.ts';
import {
  authorityKeyIdentifier,
  authorityUsage,
  distinguishedName,
  encodedOnce,
  endEntityUsage,
  keyIdentifier,
  readIssuerFields,
  subjectAlternativeNames,
  subjectKeyIdentifier,
} from './certificate-fields.ts';
import type { SubjectAlternativeName } from './certificate-fields.ts';
import { bitString, encode, encoded, explicit, integer, sequence, time } from './der.ts';
import type { Element } from './der.ts';
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

/** What is the same in every certificate of one authority is encoded here, once. */
export function createSigner(key: KeyObject, certificate: X509Certificate): Signer {
  const issuer = readIssuerFields(certificate.raw);
  const identifier = issuer.keyIdentifier ?? keyIdentifier(publicKeyOf(key));
  const algorithm = encoded(encode(signatureAlgorithmOf(key)));
  const constantExtensions = encodedOnce([...endEntityUsage(), authorityKeyIdentifier(identifier)]);
  const issuerName = encoded(issuer.subject);
  return {
    sign: async (order) =>
      signBody(key, algorithm, {
        issuer: issuerName,
        // Empty, so the names must be critical (RFC 5280, 4.2.1.6).
        subject: sequence(),
        notBefore: order.notBefore,
        notAfter: order.notAfter,
        publicKey: order.publicKey,
        extensions: [
          ...constantExtensions,
          subjectKeyIdentifier(order.publicKey),
          subjectAlternativeNames(order.names, true),
        ],
      }),
  };
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
  const name = distinguishedName(order.trustDomain, 'Meltemi root');
  return signBody(order.key, signatureAlgorithmOf(order.key), {
    issuer: name,
    subject: name,
    notBefore: new Date(order.now.getTime() - backdatingMs),
    notAfter: new Date(order.now.getTime() + order.lifetimeMs),
    publicKey,
    extensions: [...authorityUsage(), subjectKeyIdentifier(publicKey)],
  });
}

interface CertificateBody {
  readonly issuer: Element;
  readonly subject: Element;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: Buffer;
  readonly extensions: readonly Element[];
}

async function signBody(key: KeyObject, algorithm: Element, body: CertificateBody): Promise<IssuedCertificate> {
  const serial = randomSerial();
  const toBeSigned = encode(
    sequence(
      explicit(0, integer(Buffer.of(2))),
      integer(serial),
      algorithm,
      body.issuer,
      sequence(time(body.notBefore), time(body.notAfter)),
      body.subject,
      encoded(body.publicKey),
      explicit(3, sequence(...body.extensions)),
    ),
  );
  const signature = await signWith(key, toBeSigned);
  const der = encode(sequence(encoded(toBeSigned), algorithm, bitString(signature)));
  return {
    der,
    pem: encodePem('CERTIFICATE', der),
    serial: serial.toString('hex'),
    notBefore: body.notBefore,
    notAfter: body.notAfter,
  };
}

/** 16 bytes: positive, and never shorter, so that every certificate has a serial number of the same length. */
function randomSerial(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return serial;
}
