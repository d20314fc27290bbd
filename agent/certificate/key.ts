import { generateKeyPair } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export const keyTypes = ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048'] as const;
export type KeyType = (typeof keyTypes)[number];

export interface KeyPair {
  readonly type: KeyType;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generate = promisify(generateKeyPair);

/** A new key of the workload; made off the main thread, since RSA takes a while. */
export async function makeKey(type: KeyType): Promise<KeyPair> {
  const pair =
    type === 'RSA-2048'
      ? await generate('rsa', { modulusLength: 2048 })
      : await generate('ec', { namedCurve: type === 'ECDSA-P256' ? 'P-256' : 'P-384' });
  return { type, ...pair };
}

/** PKCS#8 PEM, which Envoy reads for each type. */
export function privateKeyPem(key: KeyPair): string {
  return key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
