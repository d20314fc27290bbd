import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text, each as its own PEM, in order. What stands between them is dropped. */
export function splitBundle(pem: string): readonly string[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((text) => `${text}\n`);
}

/**
 * All certificates of the bundles, each once, in order of first appearance. One that can't be read is handed to `refuse`
 * and left out: Envoy would refuse the whole bundle for it.
 */
export function uniteBundles(bundles: readonly string[], refuse: (error: unknown) => void = () => undefined): string {
  const united = new Map<string, string>();
  for (const pem of bundles.flatMap(splitBundle)) {
    try {
      const { fingerprint256 } = new X509Certificate(pem);
      if (!united.has(fingerprint256)) united.set(fingerprint256, pem);
    } catch (error) {
      refuse(error);
    }
  }
  return [...united.values()].join('');
}

/** Whether every certificate of `part` is in `whole`. */
export function isWithin(part: string, whole: string): boolean {
  return uniteBundles([whole]) === uniteBundles([whole, part]);
}
