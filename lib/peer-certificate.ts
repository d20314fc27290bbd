import { X509Certificate } from 'node:crypto';
import { parseSpiffeId } from './identity.ts';
import type { Identity } from './identity.ts';

/** Extended key usage "TLS client" (RFC 5280, 4.2.1.12). */
const clientAuth = '1.3.6.1.5.5.7.3.2';

export type PeerVerdict =
  { readonly accepted: true; readonly identity: Identity } | { readonly accepted: false; readonly reason: string };

/**
 * Whether a client's certificate proves a workload of `trustDomain`. The TLS handshake has proven that the client holds
 * its key, and nothing more: a server that takes certificates but does not require them lets those of strangers pass,
 * and grpc-js does not tell which they are. So issuer, time, usage and name are checked here.
 *
 * @param certificate the client's own certificate, DER
 * @param issuers authorities that may have signed it directly
 */
export function verifyPeerCertificate(
  certificate: Buffer,
  issuers: readonly X509Certificate[],
  trustDomain: string,
  now: Date,
): PeerVerdict {
  const opened = openCertificate(certificate);
  if (opened === undefined) return refuse('the client certificate cannot be read');
  const identity = identityOf(opened);
  if (identity === undefined)
    return refuse('the client certificate has not exactly one name, a SPIFFE id of a workload');
  if (identity.trustDomain !== trustDomain) {
    return refuse(`the client certificate is of trust domain "${identity.trustDomain}", not "${trustDomain}"`);
  }
  if (opened.validToDate <= now) return refuse(`the client certificate expired at ${opened.validToDate.toISOString()}`);
  if (opened.validFromDate > now) {
    return refuse(`the client certificate is not valid before ${opened.validFromDate.toISOString()}`);
  }
  // Node's name for the extended key usage; undefined when there is none, which its declaration does not say.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition
  const usages: readonly string[] = opened.keyUsage ?? [];
  if (opened.ca || !usages.includes(clientAuth)) return refuse('the client certificate is not for TLS clients');
  if (!issuers.some((issuer) => isIssuedBy(opened, issuer))) {
    return refuse('the client certificate was not signed by an authority of this mesh');
  }
  return { accepted: true, identity };
}

/** Whether `issuer` signed `certificate`: by name, key identifier, permitted usage and the signature itself. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function openCertificate(der: Buffer): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** Undefined unless the certificate's only name is the SPIFFE id of a workload. */
function identityOf(certificate: X509Certificate): Identity | undefined {
  const names: string | undefined = certificate.subjectAltName;
  // Names with characters that could be taken for a separator are given in quotes; a SPIFFE id has none.
  const uri = /^URI:([^\s,"]+)$/.exec(names ?? '')?.[1];
  return uri === undefined ? undefined : parseSpiffeId(uri);
}

function refuse(reason: string): PeerVerdict {
  return { accepted: false, reason };
}
