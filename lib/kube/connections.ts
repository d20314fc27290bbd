import { createHash } from 'node:crypto';
import { Agent, ProxyAgent } from 'undici';
import type { Dispatcher } from 'undici';
import type { ClusterAccess, Credentials, TlsMaterial } from './credentials.ts';

/** Most connections for calls; further calls wait for a free one. */
const MAX_CALL_CONNECTIONS = 32;
/** Idle connections are closed before the API server does it (after 90 s), so that no call meets a closing one. */
const KEEP_ALIVE_MS = 60_000;
/** Credentials are looked at again after this time: a renewed file is in use soon, and a call costs no file reads. */
const CREDENTIALS_MS = 10_000;

/** Connections with the credentials of the moment. */
export interface Connections {
  /** For calls: a bounded pool. */
  readonly calls: Dispatcher;
  /** For watches, each of which holds a connection: apart, so that they never starve calls. */
  readonly watches: Dispatcher;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Keeps one set of connections to the API server. When certificates change, new requests go over new connections and
 * the old ones close as their requests end. (client-node makes a new agent, and so a new connection, for each
 * request.)
 */
export class ConnectionSet {
  readonly #access: ClusterAccess;
  #current: { readonly connections: Connections; readonly fingerprint: string; readonly checkedAt: number } | undefined;
  #checking: Promise<Connections> | undefined;
  #closed = false;

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  async get(): Promise<Connections> {
    const current = this.#current;
    if (current !== undefined && performance.now() - current.checkedAt < CREDENTIALS_MS) return current.connections;
    this.#checking ??= this.#renew().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Has the credentials read again at the next request, after the server refused them. */
  invalidate(): void {
    if (this.#current !== undefined) this.#current = { ...this.#current, checkedAt: -Infinity };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connections = this.#current?.connections;
    await Promise.all([connections?.calls.destroy(), connections?.watches.destroy()]);
  }

  async #renew(): Promise<Connections> {
    const credentials = await this.#access.authenticate();
    if (this.#closed) throw new Error('the Kubernetes client is closed');
    const old = this.#current;
    const fingerprint = fingerprintOf(credentials.tls);
    const connections =
      old?.fingerprint === fingerprint
        ? { ...old.connections, headers: credentials.headers }
        : connect(this.#access, credentials);
    if (old !== undefined && connections.calls !== old.connections.calls) {
      void old.connections.calls.close();
      void old.connections.watches.close();
    }
    this.#current = { connections, fingerprint, checkedAt: performance.now() };
    return connections;
  }
}

function connect(access: ClusterAccess, credentials: Credentials): Connections {
  const common = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    connectTimeout: 10_000,
    // One watch a connection: the ways in which a multiplexed connection can stall concern all who share it.
    allowH2: false,
  };
  const calls = { ...common, connections: MAX_CALL_CONNECTIONS };
  // A quiet watch is no fault; its liveness is the informer's business.
  const watches = { ...common, connections: null, bodyTimeout: 0 };
  const { proxyUrl } = access;
  const connectOptions = { ...credentials.tls, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const make = (options: Agent.Options): Dispatcher =>
    proxyUrl === undefined
      ? new Agent({ ...options, connect: connectOptions })
      : new ProxyAgent({ ...options, uri: requireHttpProxy(proxyUrl), requestTls: credentials.tls });
  return { calls: make(calls), watches: make(watches), headers: credentials.headers };
}

function requireHttpProxy(url: string): string {
  if (/^https?:/.test(url)) return url;
  throw new Error(`the kubeconfig's proxy-url ${url} is not supported: only http and https proxies are`);
}

function fingerprintOf(tls: TlsMaterial): string {
  const text = JSON.stringify(tls);
  return createHash('sha256').update(text).digest('base64');
}
