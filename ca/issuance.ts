import { create } from '@bufbuild/protobuf';
import type { Caller } from '../lib/identity.ts';
import { spiffeId } from '../lib/identity.ts';
import type { Logger } from '../lib/logger.ts';
import { IstioCertificateResponseSchema } from './api/gen/istio_ca_pb.js';
import type { IstioCertificateRequest, IstioCertificateResponse } from './api/gen/istio_ca_pb.js';
import type { Authority } from './authority.ts';
import { backdatingMs } from './certificate.ts';
import type { IssuedCertificate } from './certificate.ts';
import type { IssuanceMetrics } from './issuance-metrics.ts';
import { parseSigningRequest, SigningRequestError } from './signing-request.ts';

/** Why no certificate is issued. Every message is meant for the caller. */
export class IssuanceError extends Error {
  override readonly name = 'IssuanceError';
  readonly kind: 'invalid-argument' | 'unauthenticated' | 'unavailable';

  constructor(kind: IssuanceError['kind'], message: string) {
    super(message);
    this.kind = kind;
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
  readonly logger: Logger;
  readonly metrics: IssuanceMetrics;
  readonly now?: () => Date;
}

export type Issue = (
  caller: Caller,
  request: Pick<IstioCertificateRequest, 'csr' | 'validityDuration'>,
) => Promise<IstioCertificateResponse>;

/**
 * Issues workload certificates (istio.v1.auth.IstioCertificateService). The identity in a certificate is the caller's
 * proven one, whatever the request says. Rejects with {@link IssuanceError}; other errors are the authority's own.
 */
export function createIssuance(options: IssuanceOptions): Issue {
  const limits = options.limits ?? defaultLimits;
  const now = options.now ?? (() => new Date());
  return async (caller, request) => {
    if (caller.provenBy === 'plaintext-unauthenticated') {
      throw new IssuanceError('unauthenticated', 'certificates are issued over TLS to authenticated callers only');
    }
    const publicKey = await readPublicKey(request.csr, options.metrics);
    const authority = options.authority();
    const time = now();
    const notAfter = endOf(requestedTtl(request.validityDuration, limits), authority, time);
    const name = spiffeId(caller.identity);
    const certificate = await signOrCount(options.metrics, () =>
      authority.signer.sign({
        publicKey,
        names: [{ type: 'uri', value: name }],
        notBefore: new Date(time.getTime() - backdatingMs),
        notAfter,
      }),
    );
    options.metrics.issued();
    logIssued(options.logger, caller, name, certificate, time);
    const certChain = [certificate.pem, ...authority.intermediates, authority.rootCertificates];
    return create(IstioCertificateResponseSchema, { certChain });
  };
}

async function readPublicKey(csr: string, metrics: IssuanceMetrics): Promise<Buffer> {
  try {
    return (await parseSigningRequest(csr)).publicKey;
  } catch (error) {
    metrics.requestRefused();
    if (error instanceof SigningRequestError) throw new IssuanceError('invalid-argument', error.message);
    throw error;
  }
}

function requestedTtl(duration: bigint, limits: IssuanceLimits): number {
  if (duration === 0n) return limits.defaultTtlSeconds;
  if (duration < 0n) throw new IssuanceError('invalid-argument', 'validity_duration is negative');
  if (duration > BigInt(Math.floor(limits.maxTtlSeconds))) {
    const most = `the most is ${String(limits.maxTtlSeconds)} seconds`;
    throw new IssuanceError(
      'invalid-argument',
      `validity_duration of ${duration.toString()} seconds is too long; ${most}`,
    );
  }
  return Number(duration);
}

/** A certificate that outlives its issuer is worth nothing from that moment on. */
function endOf(ttlSeconds: number, authority: Authority, time: Date): Date {
  if (authority.notAfter <= time) {
    const when = authority.notAfter.toISOString();
    throw new IssuanceError('unavailable', `the certificate authority expired at ${when}; it must be rotated`);
  }
  return new Date(Math.min(time.getTime() + ttlSeconds * 1000, authority.notAfter.getTime()));
}

async function signOrCount<T>(metrics: IssuanceMetrics, sign: () => Promise<T>): Promise<T> {
  try {
    return await sign();
  } catch (error) {
    metrics.signingFailed();
    throw error;
  }
}

/** The audit trail: one line for each certificate. */
function logIssued(logger: Logger, caller: Caller, name: string, certificate: IssuedCertificate, time: Date): void {
  logger.info('certificate issued', {
    names: [name],
    serial: certificate.serial,
    ttlSeconds: Math.round((certificate.notAfter.getTime() - time.getTime()) / 1000),
    notAfter: certificate.notAfter.toISOString(),
    provenBy: caller.provenBy,
    pod: caller.pod === undefined ? undefined : `${caller.identity.namespace}/${caller.pod.name}`,
  });
}
