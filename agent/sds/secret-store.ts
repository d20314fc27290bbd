import { createHash } from 'node:crypto';
import { encodeCertificateSecret, encodeRootsSecret } from '../wire/discovery.ts';
import type { NamedSecret } from '../wire/discovery.ts';

/** The secrets that Envoy may ask for, encoded once; whoever listens is told of each change. */
export class SecretStore {
  readonly #secrets = new Map<string, NamedSecret>();
  readonly #listeners = new Set<(name: string) => void>();

  get(name: string): NamedSecret | undefined {
    return this.#secrets.get(name);
  }

  setCertificate(name: string, chain: string, privateKey: string): void {
    this.#set(name, encodeCertificateSecret(name, chain, privateKey));
  }

  setRoots(name: string, roots: string): void {
    this.#set(name, encodeRootsSecret(name, roots));
  }

  listen(listener: (name: string) => void): { stop(): void } {
    this.#listeners.add(listener);
    return { stop: () => this.#listeners.delete(listener) };
  }

  #set(name: string, bytes: Uint8Array): void {
    // By content, so that a proxy that comes back after a restart of the agent keeps what has not changed.
    const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    if (this.#secrets.get(name)?.version === version) return;
    this.#secrets.set(name, { name, version, bytes });
    for (const listener of this.#listeners) listener(name);
  }
}
