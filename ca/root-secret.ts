import { setTimeout } from 'node:timers/promises';
import { describeError } from '../lib/errors.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { isAlreadyExists } from '../lib/kube/error.ts';
import { formatKey } from '../lib/kube/object.ts';
import { secrets } from '../lib/kube/resources.ts';
import type { Secret } from '../lib/kube/types.ts';
import type { AuthorityFiles, Authority } from './authority.ts';
import { openAuthority } from './authority.ts';

/** Where Istio, and so its users, keep the self-signed root. */
export const rootSecretName = 'istio-ca-secret';
const rootSecretType = 'istio.io/ca-root';

/** Keys of the Secret's data. */
const dataKeys = {
  caCert: 'ca-cert.pem',
  caKey: 'ca-key.pem',
  certChain: 'cert-chain.pem',
  rootCert: 'root-cert.pem',
} as const satisfies Record<keyof AuthorityFiles, string>;

/** The two calls that are needed: the Secret is never written over. */
export type RootSecretClient = Pick<KubeClient, 'get' | 'create'>;

/** The Secret is there and holds no usable authority. Nothing replaces it: that would break all who trust it. */
export class RootSecretError extends Error {
  override readonly name = 'RootSecretError';

  constructor(namespace: string, cause: unknown) {
    super(
      `Secret ${formatKey(namespace, rootSecretName)} holds no usable certificate authority: ` +
        `${describeError(cause)}; repair it, or delete it to have a new root made (all workloads then need new certificates)`,
      { cause },
    );
  }
}

/**
 * The root of the mesh: the one in the Secret, or a new one when there is none. Of several replicas that come here at
 * once exactly one makes the Secret, and all return what is in it. Throws {@link RootSecretError} when it cannot be
 * used, and KubeError.
 */
export async function ensureRoot(
  client: RootSecretClient,
  namespace: string,
  make: () => Promise<AuthorityFiles>,
): Promise<AuthorityFiles> {
  // A Secret that somebody deletes at the same moment is the only reason for another round.
  for (let round = 0; round < 5; round++) {
    const found = await client.get(secrets, { namespace, name: rootSecretName });
    if (found !== undefined) return readRootSecret(found);
    const files = await make();
    if (await createRootSecret(client, namespace, files)) return files;
    await setTimeout(round * 100);
  }
  throw new Error(`Secret ${formatKey(namespace, rootSecretName)} comes and goes; something else deletes it`);
}

/** Writes the Secret unless there is one. False when somebody else was first. */
export async function createRootSecret(
  client: RootSecretClient,
  namespace: string,
  files: AuthorityFiles,
): Promise<boolean> {
  try {
    await client.create(secrets, rootSecret(namespace, files));
    return true;
  } catch (error) {
    if (isAlreadyExists(error)) return false;
    throw error;
  }
}

function rootSecret(namespace: string, files: AuthorityFiles): Secret {
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: rootSecretName, namespace },
    type: rootSecretType,
    data: {
      [dataKeys.caCert]: encode(files.caCert),
      [dataKeys.caKey]: encode(files.caKey),
      [dataKeys.certChain]: encode(files.certChain),
      [dataKeys.rootCert]: encode(files.rootCert),
    },
  };
}

/** The files in a Secret. Throws {@link RootSecretError} when one is missing. */
export function readRootSecret(secret: Secret): AuthorityFiles {
  const namespace = secret.metadata.namespace ?? '';
  const read = (key: string): string | undefined => {
    const value = secret.data?.[key];
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
  };
  const need = (key: string): string => {
    const text = read(key);
    if (text === undefined || text === '') throw new RootSecretError(namespace, `key ${key} is missing`);
    return text;
  };
  const caCert = need(dataKeys.caCert);
  return {
    caCert,
    caKey: need(dataKeys.caKey),
    certChain: read(dataKeys.certChain) ?? '',
    // Roots that old releases of Istio made have no root-cert.pem; they sign for themselves.
    rootCert: read(dataKeys.rootCert) ?? caCert,
  };
}

/** {@link openAuthority} with errors that name the Secret. */
export function openRoot(files: AuthorityFiles, namespace: string, now: Date): Authority {
  try {
    return openAuthority(files, now);
  } catch (error) {
    throw new RootSecretError(namespace, error);
  }
}
