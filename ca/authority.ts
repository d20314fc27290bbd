import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { describeError } from '../lib/errors.ts';
import { generateKey, refuseKey } from './algorithms.ts';
import type { KeyType } from './algorithms.ts';
import { createSigner, makeRootCertificate } from './certificate.ts';
import type { Signer } from './certificate.ts';
import { decodePem, encodePem, PemError } from './pem.ts';
import { publicKeyOf } from './public-key.ts';

/** An authority as it is stored: PEM texts, named as the keys of Istio's Secrets. */
export interface AuthorityFiles {
  /** The certificate that signs. */
  readonly caCert: string;
  readonly caKey: string;
  /** From the one that signs upwards, without the root; empty when the root itself signs. */
  readonly certChain: string;
  /** The trusted roots. */
  readonly rootCert: string;
}

/** Who signs, and what those who check need. Immutable: another root is another authority. */
export interface Authority {
  readonly signer: Signer;
  /** The certificate that signs. */
  readonly certificate: X509Certificate;
  /** What goes between leaf and root: PEM, one certificate a string, the one that signs first. */
  readonly intermediates: readonly string[];
  /** The trusted roots: PEM, each ending in a line feed. */
  readonly rootCertificates: string;
  /** The same, opened. */
  readonly roots: readonly X509Certificate[];
  /** When the first certificate on the way from leaf to root ends. */
  readonly notAfter: Date;
}

/** Why an authority cannot be used; the message names the part and follows the name of where it came from. */
export class AuthorityError extends Error {
  override readonly name = 'AuthorityError';
}

/** Makes a root and the authority that signs with it. */
export async function makeSelfSigned(options: {
  readonly trustDomain: string;
  readonly keyType: KeyType;
  readonly lifetimeMs: number;
  readonly now: Date;
}): Promise<AuthorityFiles> {
  const key = await generateKey(options.keyType);
  const root = await makeRootCertificate({ ...options, key });
  return {
    caCert: root.pem,
    caKey: encodePem('PRIVATE KEY', key.export({ format: 'der', type: 'pkcs8' })),
    certChain: '',
    rootCert: root.pem,
  };
}

/** Opens stored files; throws {@link AuthorityError} unless everything about them holds together at `now`. */
export function openAuthority(files: AuthorityFiles, now: Date): Authority {
  try {
    return open(files, now);
  } catch (error) {
    if (error instanceof AuthorityError) throw error;
    throw new AuthorityError(`ca-cert.pem cannot be used: ${describeError(error)}`);
  }
}

function open(files: AuthorityFiles, now: Date): Authority {
  const certificate = readOne(files.caCert, 'ca-cert.pem');
  const key = readKey(files.caKey);
  const roots = readCertificates(files.rootCert, 'root-cert.pem');
  if (roots.length === 0) throw new AuthorityError('root-cert.pem has no certificate');
  const path = pathToRoot(certificate, readCertificates(files.certChain, 'cert-chain.pem'), roots);
  for (const part of path) checkAuthorityCertificate(part, now);
  if (!publicKeyOf(key).equals(publicKeyOf(certificate.publicKey))) {
    throw new AuthorityError('ca-key.pem is not the key of ca-cert.pem');
  }
  return {
    signer: createSigner(key, certificate),
    certificate,
    intermediates: path.slice(0, -1).map(toPem),
    rootCertificates: roots.map(toPem).join(''),
    roots,
    notAfter: new Date(Math.min(...path.map((part) => part.validToDate.getTime()))),
  };
}

/** From `certificate` over intermediates to one of the roots, both ends included. */
function pathToRoot(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] {
  const path: X509Certificate[] = [];
  let current: X509Certificate | undefined = certificate;
  while (current !== undefined) {
    const here: X509Certificate = current;
    path.push(here);
    if (roots.some((root) => root.raw.equals(here.raw))) return path;
    const root = roots.find((candidate) => isIssuedBy(here, candidate));
    if (root !== undefined) return [...path, root];
    current = intermediates.find((candidate) => !path.includes(candidate) && isIssuedBy(here, candidate));
  }
  throw new AuthorityError('ca-cert.pem does not lead to a root of root-cert.pem over cert-chain.pem');
}

/** By name, key identifier, permitted usage and the signature itself. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function checkAuthorityCertificate(certificate: X509Certificate, now: Date): void {
  const name = `the certificate with serial number ${certificate.serialNumber.toLowerCase()}`;
  // Also false when its key usage is without keyCertSign.
  if (!certificate.ca) throw new AuthorityError(`${name} is not that of a certificate authority`);
  if (certificate.validToDate <= now) {
    throw new AuthorityError(`${name} expired at ${certificate.validToDate.toISOString()}`);
  }
  if (certificate.validFromDate > now) {
    throw new AuthorityError(`${name} is not valid before ${certificate.validFromDate.toISOString()}`);
  }
}

function readOne(pem: string, file: string): X509Certificate {
  const [first, ...more] = readCertificates(pem, file);
  if (first === undefined) throw new AuthorityError(`${file} has no certificate`);
  if (more.length > 0) throw new AuthorityError(`${file} has more than one certificate`);
  return first;
}

/** Every certificate of a PEM text. Throws {@link AuthorityError}, which names `file`. */
export function readCertificates(pem: string, file: string): readonly X509Certificate[] {
  try {
    return decodePem(pem).map(({ label, der }) => {
      if (label !== 'CERTIFICATE') throw new PemError(`has a PEM block of type "${label}"`);
      const certificate = openCertificate(der);
      // OpenSSL reads one certificate and leaves what is behind it, which others would stumble over.
      if (!certificate.raw.equals(der)) throw new PemError('has a certificate with further bytes in its PEM block');
      return certificate;
    });
  } catch (error) {
    throw new AuthorityError(`${file} ${describeError(error)}`);
  }
}

/** OpenSSL opens a certificate whose key it cannot read, and says so in words that help nobody. */
function openCertificate(der: Buffer): X509Certificate {
  try {
    const certificate = new X509Certificate(der);
    publicKeyOf(certificate.publicKey);
    return certificate;
  } catch {
    throw new PemError('cannot be read as a certificate with an ECDSA or RSA key');
  }
}

/** PKCS#8, PKCS#1 (RSA) or SEC1 (ECDSA). */
function readKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The library's message may quote what it read.
    throw new AuthorityError('ca-key.pem is not a private key in PEM (PKCS#8, PKCS#1 or SEC1, not encrypted)');
  }
  const refused = refuseKey(key);
  if (refused !== undefined) throw new AuthorityError(`the key in ca-key.pem ${refused}`);
  return key;
}

function toPem(certificate: X509Certificate): string {
  return encodePem('CERTIFICATE', certificate.raw);
}
