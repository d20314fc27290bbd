import { create } from '@bufbuild/protobuf';
import type { Caller } from '../lib/identity.ts';
import { spiffeId } from '../lib/identity.ts';
import { IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import type { IstioCertificateRequest, IstioCertificateResponse } from './api/gen/istio_ca_pb.js';
import type { Audit, Asker } from './audit.ts';
import type { Authority } from './authority.ts';
import { backdatingMs } from './certificate.ts';
import type { IssuanceMetrics, SigningFailure } from './issuance-metrics.ts';
import { parseSigningRequest, SigningRequestError } from './signing-request.ts';

/** Why no certificate is issued. Every message is meant for the caller. */
export class IssuanceError extends Error {
  override readonly name = 'IssuanceError';
  readonly kind: 'invalid-argument' | 'unauthenticated' | 'unavailable' | 'exhausted';
  /** How it is counted, where a signature was refused. */
  readonly failure: SigningFailure | undefined;

  constructor(kind: IssuanceError['kind'], message: string, failure?: SigningFailure) {
    super(message);
    this.kind = kind;
    this.failure = failure;
  }
}

export interface IssuanceLimits {
  /** Lifetime of a certificate that was ordered without one, seconds. */
  readonly defaultTtlSeconds: number;
  /** Longest lifetime that may be ordered, seconds. */
  readonly maxTtlSeconds: number;
}

/** As Istio's: a day, and 90 days at most. */
export const defaultLimits: IssuanceLimits = { defaultTtlSeconds: 24 * 3600, maxTtlSeconds: 90 * 24 * 3600 };

export interface IssuanceOptions {
  /** The authority that signs now. */
  readonly authority: () => Authority;
  readonly limits?: IssuanceLimits;
  readonly audit: Audit;
  readonly metrics: IssuanceMetrics;
  readonly now?: () => Date;
}

export type Issue = (
  asker: Asker & { readonly caller: Caller },
  request: Pick<IstioCertificateRequest, 'csr' | 'validityDuration'>,
) => Promise<IstioCertificateResponse>;

/**
 * Issues workload certificates (istio.v1.auth.IstioCertificateService). The identity in a certificate is the caller's
 * proven one, whatever the request says. Rejects with {@link IssuanceError}; other errors are the authority's own.
 */
export function createIssuance(options: IssuanceOptions): Issue {
  const limits = options.limits ?? defaultLimits;
  const now = options.now ?? (() => new Date());
  return async ({ caller, peer }, request) => {
    if (caller.provenBy === 'plaintext-unauthenticated') {
      throw new IssuanceError('unauthenticated', 'certificates are issued over TLS to authenticated callers only');
    }
    const publicKey = await readPublicKey(request.csr, options.metrics);
    const authority = options.authority();
    const time = now();
    const notAfter = endOf(requestedTtl(request.validityDuration, limits), authority, time);
    const name = spiffeId(caller.identity);
    const certificate = await authority.signer.sign({
      publicKey,
      names: [{ type: 'uri', value: name }],
      notBefore: new Date(time.getTime() - backdatingMs),
      notAfter,
    });
    options.metrics.issued();
    const issuer = authority.certificate.serialNumber.toLowerCase();
    options.audit.issued({ caller, peer, names: [name], certificate, issuer, time });
    const certChain = [certificate.pem, ...authority.intermediates, authority.rootCertificates];
    return create(IstioCertificateResponseSchema, { certChain });
  };
}

async function readPublicKey(csr: string, metrics: IssuanceMetrics): Promise<Buffer> {
  try {
    return (await parseSigningRequest(csr)).publicKey;
  } catch (error) {
    metrics.requestRefused();
    if (error instanceof SigningRequestError) throw new IssuanceError('invalid-argument', error.message, 'CSR_ERROR');
    throw error;
  }
}

function requestedTtl(duration: bigint, limits: IssuanceLimits): number {
  if (duration === 0n) return limits.defaultTtlSeconds;
  if (duration < 0n) throw new IssuanceError('invalid-argument', 'validity_duration is negative', 'TTL_ERROR');
  if (duration > BigInt(Math.floor(limits.maxTtlSeconds))) {
    const most = `the most is ${String(limits.maxTtlSeconds)} seconds`;
    throw new IssuanceError(
      'invalid-argument',
      `validity_duration of ${duration.toString()} seconds is too long; ${most}`,
      'TTL_ERROR',
    );
  }
  return Number(duration);
}

/** A certificate that outlives its issuer is worth nothing from that moment on. */
function endOf(ttlSeconds: number, authority: Authority, time: Date): Date {
  if (authority.notAfter <= time) {
    const when = authority.notAfter.toISOString();
    const reason = `the certificate authority expired at ${when}; it must be rotated`;
    throw new IssuanceError('unavailable', reason, 'CA_NOT_READY');
  }
  return new Date(Math.min(time.getTime() + ttlSeconds * 1000, authority.notAfter.getTime()));
}
