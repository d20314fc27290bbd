import { createPrivateKey, X509Certificate } from 'node:crypto';
import { makeSelfSigned, openAuthority } from '../../ca/authority.ts';
import { issueServerCertificate } from '../../ca/server-certificate.ts';

/** What a webhook server serves with, and what the API server knows it by. PEM. */
export interface ServingFiles {
  /** The server's certificate. */
  readonly cert: string;
  readonly key: string;
  /** The authority that signed it first, then the former one as long as a replica may serve by it. */
  readonly authorities: string;
}

const dayMs = 24 * 60 * 60 * 1000;
/** Of the certificate and of the authority that signs it; they are renewed together at two thirds of it. */
const lifetimeMs = 90 * dayMs;

/**
 * A new authority and a certificate by it. The authority's key is used this once and kept nowhere, so that nothing that
 * is stored could sign another certificate.
 */
export async function makeServingFiles(
  dnsNames: readonly string[],
  former: ServingFiles | undefined,
  now: Date,
): Promise<ServingFiles> {
  const order = { trustDomain: 'meltemi.dev', keyType: 'ECDSA-P256', lifetimeMs, now } as const;
  const authority = openAuthority(await makeSelfSigned(order), now);
  const issued = await issueServerCertificate(authority, { dnsNames, ttlMs: lifetimeMs, now });
  const [newest] = former === undefined ? [] : certificatesIn(former.authorities);
  const isOfUse = newest !== undefined && new X509Certificate(newest).validToDate > now;
  return {
    cert: issued.certificateChain,
    key: issued.privateKey,
    authorities: authority.rootCertificates + (isOfUse ? `${newest}\n` : ''),
  };
}

/** Why they have to be made anew, in words that follow "the certificate"; undefined when they are good for now. */
export function renewalReason(files: ServingFiles, dnsNames: readonly string[], now: Date): string | undefined {
  try {
    const certificate = new X509Certificate(files.cert);
    const [authority] = certificatesIn(files.authorities);
    if (authority === undefined) return 'has no authority';
    if (!certificate.verify(new X509Certificate(authority).publicKey)) return 'is not by its authority';
    if (!certificate.checkPrivateKey(createPrivateKey(files.key))) return 'does not fit its key';
    const missing = dnsNames.find((name) => certificate.checkHost(name) === undefined);
    if (missing !== undefined) return `is not for ${missing}`;
    const { validFromDate, validToDate } = certificate;
    const renewal = validFromDate.getTime() + ((validToDate.getTime() - validFromDate.getTime()) * 2) / 3;
    return now.getTime() < renewal ? undefined : `ends at ${validToDate.toISOString()}`;
  } catch {
    // The library's message may quote what it read.
    return 'or its key cannot be read';
  }
}

function certificatesIn(pem: string): readonly string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}
