import { generateKey } from './algorithms.ts';
import type { KeyType } from './algorithms.ts';
import type { Authority } from './authority.ts';
import { backdatingMs } from './certificate.ts';
import { encodePem } from './pem.ts';
import { publicKeyOf } from './public-key.ts';

/** A server's key and certificates, PEM. */
export interface ServerCertificate {
  readonly privateKey: string;
  /** The server's own first, then intermediates. */
  readonly certificateChain: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Names under which pods and the API server reach a control plane's Service. */
export function serverNames(service: string, namespace: string, clusterDomain = 'cluster.local'): readonly string[] {
  const name = `${service}.${namespace}`;
  return [`${name}.svc`, `${name}.svc.${clusterDomain}`, name];
}

/** A certificate for istiod itself: port 15012 and the webhooks. It ends with the authority's at the latest. */
export async function issueServerCertificate(
  authority: Authority,
  options: {
    readonly dnsNames: readonly string[];
    readonly ttlMs: number;
    readonly keyType?: KeyType;
    readonly now: Date;
  },
): Promise<ServerCertificate> {
  const key = await generateKey(options.keyType ?? 'ECDSA-P256');
  const end = Math.min(options.now.getTime() + options.ttlMs, authority.notAfter.getTime());
  const issued = await authority.signer.sign({
    publicKey: publicKeyOf(key),
    names: options.dnsNames.map((value) => ({ type: 'dns', value })),
    notBefore: new Date(options.now.getTime() - backdatingMs),
    notAfter: new Date(end),
  });
  return {
    privateKey: encodePem('PRIVATE KEY', key.export({ format: 'der', type: 'pkcs8' })),
    certificateChain: issued.pem + authority.intermediates.join(''),
    notBefore: issued.notBefore,
    notAfter: issued.notAfter,
  };
}
