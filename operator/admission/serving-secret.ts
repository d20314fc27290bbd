import type { KubeClient } from '../../lib/kube/client.ts';
import { isAlreadyExists, isConflict } from '../../lib/kube/error.ts';
import type { OwnerReference } from '../../lib/kube/object.ts';
import { secrets } from '../../lib/kube/resources.ts';
import type { Secret } from '../../lib/kube/types.ts';
import type { Logger } from '../../lib/logger.ts';
import { fieldManager, labelKeys, managedBy } from '../names.ts';
import type { ServingFiles } from './serving-files.ts';
import { makeServingFiles, renewalReason } from './serving-files.ts';

/** Secret of the operator's namespace. */
export const servingSecretName = 'meltemi-operator-webhook';

/** Keys of a kubernetes.io/tls Secret, with the authority as cert-manager has it. */
const keys = { cert: 'tls.crt', key: 'tls.key', authorities: 'ca.crt' } as const;

export interface ServingSecretContext {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly namespace: string;
  readonly dnsNames: readonly string[];
  /** What the Secret goes with. */
  readonly owner: OwnerReference | undefined;
  readonly now: () => Date;
  readonly logger: Logger;
}

/**
 * What every replica serves with: what is in the Secret, made anew when it is missing, of no use or about to end. Of
 * several replicas that come here at once one writes, and all return what is there then.
 */
export async function ensureServingFiles(context: ServingSecretContext): Promise<ServingFiles> {
  const { client, namespace, dnsNames, now, logger } = context;
  // Another replica that writes at the same moment is the only reason for another round.
  for (let round = 0; round < 5; round++) {
    const secret = await client.get(secrets, { namespace, name: servingSecretName });
    const files = secret === undefined ? undefined : readServingSecret(secret);
    const reason = files === undefined ? 'is missing' : renewalReason(files, dnsNames, now());
    if (files !== undefined && reason === undefined) return files;
    const fresh = await makeServingFiles(dnsNames, files, now());
    if (await write(context, secret, fresh)) {
      logger.info('made the certificate of the admission webhook', { reason: `the former one ${reason ?? ''}` });
      return fresh;
    }
  }
  throw new Error(`Secret ${namespace}/${servingSecretName} changes all the time; something else writes it`);
}

/** Undefined when a key is missing. */
export function readServingSecret({ data = {} }: Secret): ServingFiles | undefined {
  const read = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('utf8');
  const files = { cert: read(keys.cert), key: read(keys.key), authorities: read(keys.authorities) };
  return Object.values(files).some((text) => text === '') ? undefined : files;
}

/** False when somebody else was first. */
async function write(
  { client, namespace, owner }: ServingSecretContext,
  former: Secret | undefined,
  files: ServingFiles,
): Promise<boolean> {
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  const { resourceVersion } = former?.metadata ?? {};
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace,
      name: servingSecretName,
      labels: { [labelKeys.managedBy]: managedBy, [labelKeys.partOf]: 'meltemi', [labelKeys.component]: 'operator' },
      ...(owner === undefined ? {} : { ownerReferences: [owner] }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    type: 'kubernetes.io/tls',
    data: {
      [keys.cert]: encode(files.cert),
      [keys.key]: encode(files.key),
      [keys.authorities]: encode(files.authorities),
    },
  };
  try {
    await (former === undefined
      ? client.create(secrets, secret, { fieldManager })
      : client.replace(secrets, secret, { fieldManager }));
    return true;
  } catch (error) {
    if (isAlreadyExists(error) || isConflict(error)) return false;
    throw error;
  }
}
