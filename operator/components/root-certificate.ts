import { X509Certificate } from 'node:crypto';
import { configMaps } from '../../lib/kube/resources.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { describeError } from '../../lib/errors.ts';
import { sidecar } from '../../lib/sidecar.ts';
import { caSecretRootKeys, labelKeys, managedBy } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';

/** What the Secret of a certificate authority says about its root. */
export type RootCertificate =
  | { readonly state: 'absent' }
  | { readonly state: 'invalid'; readonly problem: string }
  | { readonly state: 'present'; readonly pem: string };

/** Reads the root, or several of them while it rotates, from istiod's Secret; every certificate has to parse. */
export function readRootCertificate(secret: Secret | undefined): RootCertificate {
  const encoded = caSecretRootKeys.map((key) => secret?.data?.[key]).find((value) => value !== undefined);
  if (encoded === undefined || encoded === '') return { state: 'absent' };
  const certificates = splitPem(Buffer.from(encoded, 'base64').toString('utf8'));
  if (certificates.length === 0) return { state: 'invalid', problem: 'it holds no PEM block of a certificate' };
  try {
    for (const pem of certificates) new X509Certificate(pem);
  } catch (error) {
    return { state: 'invalid', problem: describeError(error) };
  }
  return { state: 'present', pem: joinPem(certificates) };
}

/** The roots of several control planes as one bundle, each once, in an order that does not depend on theirs. */
export function bundleOf(roots: readonly string[]): string | undefined {
  const certificates = [...new Set(roots.flatMap(splitPem))].sort();
  return certificates.length === 0 ? undefined : joinPem(certificates);
}

function splitPem(text: string): readonly string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

function joinPem(certificates: readonly string[]): string {
  return certificates.map((pem) => `${pem}\n`).join('');
}

/** The ConfigMap that pods of a namespace mount to know istiod by. It belongs to all control planes together. */
export function rootCertificateConfigMap(namespace: string, bundle: string): DesiredObject {
  const labels = {
    [labelKeys.managedBy]: managedBy,
    [labelKeys.partOf]: 'meltemi',
    [labelKeys.istioConfig]: 'true',
  };
  return desired(
    configMaps,
    { namespace, name: sidecar.rootCertConfigMap, labels },
    { data: { [sidecar.rootCertKey]: bundle } },
  );
}
