import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './key.ts';
import { privateKeyPem } from './key.ts';

/** A workload's certificate as Envoy needs it. Times are milliseconds of the epoch. */
export interface IssuedCertificate {
  /** PEM: the leaf and its intermediates. */
  readonly chain: string;
  readonly privateKey: string;
  /** PEM of the roots that the authority named beside the chain. */
  readonly roots: string;
  readonly serialNumber: string;
  readonly notAfter: number;
}

/**
 * What the authority answered, checked as far as it would hurt to hand it on: it is for our key, it names us, and it is
 * valid for a while. Throws an Error that says what is wrong.
 */
export function readIssued(answer: readonly string[], key: KeyPair, spiffeId: string, now: number): IssuedCertificate {
  const roots = answer.at(-1);
  const [leafPem] = answer;
  if (leafPem === undefined || roots === undefined || answer.length < 2) {
    throw new Error(
      `the certificate authority answered with ${answer.length} certificates instead of a chain and its root`,
    );
  }
  const leaf = new X509Certificate(leafPem);
  if (!leaf.checkPrivateKey(key.privateKey)) {
    throw new Error('the certificate authority answered with a certificate for another key');
  }
  const names = leaf.subjectAltName?.split(', ') ?? [];
  if (!names.includes(`URI:${spiffeId}`)) {
    throw new Error(
      `the certificate authority answered with a certificate for ${names.join(', ') || 'nobody'} instead of ${spiffeId}`,
    );
  }
  const notAfter = leaf.validToDate.getTime();
  if (notAfter <= now) {
    throw new Error(
      `the certificate authority answered with a certificate that expired at ${leaf.validTo}; is a clock wrong?`,
    );
  }
  const chain = answer.slice(0, -1).map((pem) => (pem.endsWith('\n') ? pem : `${pem}\n`));
  return { chain: chain.join(''), privateKey: privateKeyPem(key), roots, serialNumber: leaf.serialNumber, notAfter };
}
