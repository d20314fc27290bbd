import { counter, gauge } from '../lib/metrics.ts';
import type { Registry } from '../lib/metrics.ts';
import type { Authority } from './authority.ts';

/** Why a certificate was not signed, in the words of Istio's label `error` (security/pkg/pki/error). */
export type SigningFailure = 'CSR_ERROR' | 'TTL_ERROR' | 'CA_NOT_READY' | 'CERT_GEN_ERROR';

/** What is counted of the certificate service, under the names that Istio's users have in their dashboards. */
export interface IssuanceMetrics {
  requested(): void;
  issued(): void;
  /** The signing request, or the message around it, is at fault. */
  requestRefused(): void;
  notAuthenticated(): void;
  notSigned(why: SigningFailure): void;
  /** Too many requests of one caller, or too many refused credentials of one address. */
  limited(what: 'caller' | 'address'): void;
}

export function createIssuanceMetrics(registry: Registry): IssuanceMetrics {
  const count = (name: string, help: string): (() => void) => {
    const metric = counter(registry, { name: `citadel_server_${name}`, help });
    return () => metric.inc();
  };
  const notSigned = counter(registry, {
    name: 'citadel_server_csr_sign_err_count',
    help: 'Requests that were not signed, by kind of error.',
    labelNames: ['error'],
  });
  const limited = counter(registry, {
    name: 'meltemi_ca_limited_total',
    help: 'Requests refused because one caller or one address sent too many.',
    labelNames: ['limit'],
  });
  return {
    requested: count('csr_count', 'Certificate signing requests received.'),
    issued: count('success_cert_issuance_count', 'Certificates issued.'),
    requestRefused: count('csr_parsing_err_count', 'Requests refused because of what is in them.'),
    notAuthenticated: count('authentication_failure_count', 'Requests of callers that could not be authenticated.'),
    notSigned: (error) => notSigned.inc({ error }),
    limited: (limit) => limited.inc({ limit }),
  };
}

/** Publishes when the authority's certificates end: at each scrape, so that rotations and the clock are seen. */
export function publishExpiry(registry: Registry, authority: () => Authority): void {
  publish(registry, 'root_cert_expiry', 'root certificate', () => firstRootExpiry(authority()));
  publish(registry, 'cert_chain_expiry', 'signing chain', () => authority().notAfter.getTime());
}

function publish(registry: Registry, name: string, what: string, endsMs: () => number): void {
  gauge(registry, {
    name: `citadel_server_${name}_timestamp`,
    help: `When the ${what} ends, Unix seconds.`,
    collect: (metric) => metric.set(endsMs() / 1000),
  });
  gauge(registry, {
    name: `citadel_server_${name}_seconds`,
    help: `Time until the ${what} ends, seconds; negative afterwards.`,
    collect: (metric) => metric.set((endsMs() - Date.now()) / 1000),
  });
}

function firstRootExpiry(authority: Authority): number {
  return Math.min(...authority.roots.map((root) => root.validToDate.getTime()));
}
