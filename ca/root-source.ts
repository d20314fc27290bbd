import { describeError } from '../lib/errors.ts';
import type { Informer } from '../lib/kube/informer.ts';
import { formatKey } from '../lib/kube/object.ts';
import type { Secret } from '../lib/kube/types.ts';
import type { Logger } from '../lib/logger.ts';
import { makeSelfSigned } from './authority.ts';
import type { Authority, AuthorityFiles } from './authority.ts';
import type { KeyType } from './algorithms.ts';
import { createRootSecret, ensureRoot, openRoot, readRootSecret, rootSecretName } from './root-secret.ts';
import type { RootSecretClient } from './root-secret.ts';

/** The authority that signs now. */
export interface AuthoritySource {
  readonly current: Authority;
  /** Called after `current` has changed. Returns a function that removes the listener. */
  onChange(listener: (authority: Authority) => void): () => void;
}

export interface RootSourceOptions {
  readonly client: RootSecretClient;
  /** Follows Secrets of `namespace`; others than the root's are ignored. */
  readonly informer: Pick<Informer<Secret>, 'onChange'>;
  readonly namespace: string;
  readonly trustDomain: string;
  readonly keyType?: KeyType;
  /** Of a root that has to be made; ten years by default. */
  readonly lifetimeMs?: number;
  readonly logger: Logger;
  readonly now?: () => Date;
  readonly signal: AbortSignal;
}

const tenYearsMs = 3650 * 24 * 60 * 60 * 1000;

/**
 * The self-signed root in its Secret: made when absent, followed from then on. A Secret that changes to something
 * unusable is reported, and the running root stays; one that is deleted is written again from the running root.
 * Rejects with RootSecretError when there is a Secret that cannot be used at the start.
 */
export async function openRootSource(options: RootSourceOptions): Promise<AuthoritySource> {
  const { namespace } = options;
  const now = options.now ?? (() => new Date());
  const make = (): Promise<AuthorityFiles> =>
    makeSelfSigned({
      trustDomain: options.trustDomain,
      keyType: options.keyType ?? 'ECDSA-P256',
      lifetimeMs: options.lifetimeMs ?? tenYearsMs,
      now: now(),
    });
  const files = await ensureRoot(options.client, namespace, make);
  const source = new RootSource(options, files, now);
  const remove = options.informer.onChange({
    added: (secret) => source.read(secret),
    updated: (secret) => source.read(secret),
    deleted: (secret) => source.restore(secret),
  });
  options.signal.addEventListener('abort', remove, { once: true });
  return source;
}

class RootSource implements AuthoritySource {
  current: Authority;
  #files: AuthorityFiles;
  readonly #options: RootSourceOptions;
  readonly #now: () => Date;
  readonly #listeners = new Set<(authority: Authority) => void>();

  constructor(options: RootSourceOptions, files: AuthorityFiles, now: () => Date) {
    this.#options = options;
    this.#now = now;
    this.#files = files;
    this.current = openRoot(files, options.namespace, now());
    options.logger.info('certificate authority is ready', this.#describe());
  }

  onChange(listener: (authority: Authority) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  read(secret: Secret): void {
    if (!this.#isRoot(secret)) return;
    try {
      const files = readRootSecret(secret);
      if (sameFiles(files, this.#files)) return;
      this.current = openRoot(files, this.#options.namespace, this.#now());
      this.#files = files;
    } catch (error) {
      this.#options.logger.error('certificate authority was changed to one that is refused; the running one stays', {
        error: describeError(error),
      });
      return;
    }
    this.#options.logger.info('certificate authority was changed', this.#describe());
    for (const listener of this.#listeners) listener(this.current);
  }

  restore(secret: Secret): void {
    if (!this.#isRoot(secret) || this.#options.signal.aborted) return;
    const { client, namespace, logger } = this.#options;
    const name = formatKey(namespace, rootSecretName);
    createRootSecret(client, namespace, this.#files).then(
      (created) => {
        if (created) logger.warn('Secret of the certificate authority was deleted; written again', { secret: name });
      },
      (error: unknown) =>
        logger.error('Secret of the certificate authority was deleted and cannot be written', { secret: name, error }),
    );
  }

  #isRoot(secret: Secret): boolean {
    return secret.metadata.name === rootSecretName && secret.metadata.namespace === this.#options.namespace;
  }

  #describe(): Readonly<Record<string, unknown>> {
    const { certificate, notAfter } = this.current;
    return { serial: certificate.serialNumber.toLowerCase(), notAfter: notAfter.toISOString() };
  }
}

function sameFiles(one: AuthorityFiles, other: AuthorityFiles): boolean {
  return (
    one.caCert === other.caCert &&
    one.caKey === other.caKey &&
    one.certChain === other.certChain &&
    one.rootCert === other.rootCert
  );
}
