import { X509Certificate } from 'node:crypto';
import { parseSpiffeId } from './identity.ts';
import type { Identity } from './identity.ts';

export type PeerVerdict =
  { readonly accepted: true; readonly identity: Identity } | { readonly accepted: false; readonly reason: string };

/**
 * Which workload of `trustDomain` a client's certificate names. TLS has verified its chain and its use at the handshake
 * (see `credentialsOf`); its time is checked again here, since connections outlive certificates.
 *
 * @param certificate the client's own certificate, DER
 */
export function readPeerCertificate(certificate: Buffer, trustDomain: string, now: Date): PeerVerdict {
  const opened = openCertificate(certificate);
  if (opened === undefined) return refuse('the client certificate cannot be read');
  const identity = identityOf(opened);
  if (identity === undefined)
    return refuse('the client certificate has not exactly one name, a SPIFFE id of a workload');
  if (identity.trustDomain !== trustDomain) {
    return refuse(`the client certificate is of trust domain "${identity.trustDomain}", not "${trustDomain}"`);
  }
  if (opened.validToDate <= now) return refuse(`the client certificate expired at ${opened.validToDate.toISOString()}`);
  return { accepted: true, identity };
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
