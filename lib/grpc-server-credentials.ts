import { experimental } from '@grpc/grpc-js';
import type { ServerCredentials } from '@grpc/grpc-js';

/** What a TLS server shows, and whom it believes; PEM. */
export interface ServerTls {
  readonly privateKey: string;
  /** The server's own certificate first. */
  readonly certificateChain: string;
  /** Client certificates are verified against these; a client with another one counts as having none. */
  readonly clientRoots: string;
}

/** Credentials of a gRPC server whose certificates can change while it runs. */
export interface ReloadableCredentials {
  readonly credentials: ServerCredentials;
  /** New connections use `tls` from now on; those that are open go on. */
  readonly update: (tls: ServerTls) => void;
}

type Provider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];

/** TLS that takes client certificates without requiring one: callers may have a token instead. */
export function reloadableCredentials(initial: ServerTls): ReloadableCredentials {
  const provider = new TlsProvider(initial);
  // The function hands its arguments on in another order than it declares (grpc-js 1.14); with one object for both
  // parts the order does not matter.
  const credentials = experimental.createCertificateProviderServerCredentials(provider, provider, false);
  return { credentials, update: (tls) => provider.update(tls) };
}

class TlsProvider implements Provider {
  #tls: ServerTls;
  readonly #ca = new Set<CaListener>();
  readonly #identity = new Set<IdentityListener>();

  constructor(tls: ServerTls) {
    this.#tls = tls;
  }

  update(tls: ServerTls): void {
    this.#tls = tls;
    for (const listener of this.#ca) this.#tellCa(listener);
    for (const listener of this.#identity) this.#tellIdentity(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#ca.add(listener);
    // Not at once: the server asks before it listens for the result, and would miss it (grpc-js 1.14).
    queueMicrotask(() => this.#tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#ca.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identity.add(listener);
    queueMicrotask(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identity.delete(listener);
  }

  #tellCa(listener: CaListener): void {
    listener({ caCertificate: Buffer.from(this.#tls.clientRoots) });
  }

  #tellIdentity(listener: IdentityListener): void {
    const { certificateChain, privateKey } = this.#tls;
    listener({ certificate: Buffer.from(certificateChain), privateKey: Buffer.from(privateKey) });
  }
}
