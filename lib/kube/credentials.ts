import { existsSync, readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { load as parseYaml } from 'js-yaml';

/** Which cluster, and as whom. With nothing given: KUBECONFIG, then ~/.kube/config, then the pod's service account. */
export interface ClusterOptions {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string;
  /** A context in the kubeconfig, instead of its current one. */
  readonly context?: string;
  /** The service account of the pod that this process runs in. */
  readonly inCluster?: boolean;
}

/** A cluster's address and the means to speak to it. */
export interface ClusterAccess {
  readonly server: string;
  readonly proxyUrl: string | undefined;
  /** The namespace of the context or of the pod. */
  readonly namespace: string | undefined;
  /** Headers and TLS material as of now: tokens and certificate files are read again as they are renewed. */
  authenticate(): Promise<Credentials>;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
}

export type TlsMaterial = Pick<
  ConnectionOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername'
>;

const serviceAccountToken = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Throws an Error that says which file or context is wrong. */
export function loadClusterAccess(options: ClusterOptions = {}): ClusterAccess {
  const config = loadConfig(options);
  if (options.context !== undefined) {
    if (config.getContextObject(options.context) === null) {
      const known = config.getContexts().map((context) => context.name);
      throw new Error(`there is no context "${options.context}" in the kubeconfig; it has: ${known.join(', ')}`);
    }
    config.setCurrentContext(options.context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new Error(
      `the kubeconfig's context "${config.getCurrentContext()}" names no cluster; choose one by --context`,
    );
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    proxyUrl: cluster.proxyUrl,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    authenticate: async () => {
      const applied: RequestOptions = {};
      await config.applyToHTTPSOptions(applied);
      return credentialsFrom(applied);
    },
  };
}

function loadConfig(options: ClusterOptions): KubeConfig {
  const config = new KubeConfig();
  if (options.inCluster === true) {
    if (!existsSync(serviceAccountToken)) {
      throw new Error(`not in a cluster: ${serviceAccountToken} does not exist`);
    }
    config.loadFromCluster();
    return config;
  }
  const path = options.kubeconfig ?? defaultKubeconfig();
  if (path === undefined) {
    // Several files in KUBECONFIG, or none at all and a service account: the library merges and finds them.
    if (process.env['KUBECONFIG'] === undefined && !existsSync(serviceAccountToken)) {
      throw new Error('no cluster to talk to: give --kubeconfig, set KUBECONFIG, or run in a pod');
    }
    config.loadFromDefault();
    return config;
  }
  if (!existsSync(path)) throw new Error(`kubeconfig ${path} does not exist`);
  try {
    config.loadFromFile(path);
    return withTokenFiles(config, path);
  } catch (cause) {
    throw new Error(`kubeconfig ${path} cannot be read`, { cause });
  }
}

function defaultKubeconfig(): string | undefined {
  const variable = process.env['KUBECONFIG'];
  if (variable !== undefined && variable !== '') return variable.includes(':') ? undefined : variable;
  const home = join(homedir(), '.kube', 'config');
  return existsSync(home) ? home : undefined;
}

/** The library ignores a user's `tokenFile`; its file authenticator, meant for pods, reads one again each minute. */
function withTokenFiles(config: KubeConfig, path: string): KubeConfig {
  const tokenFiles = readTokenFiles(path);
  if (tokenFiles.size === 0) return config;
  const users = config.getUsers().map((user) => {
    const tokenFile = tokenFiles.get(user.name);
    return tokenFile === undefined ? user : { ...user, authProvider: { name: 'tokenFile', config: { tokenFile } } };
  });
  config.loadFromOptions({
    clusters: config.getClusters(),
    contexts: config.getContexts(),
    users,
    currentContext: config.getCurrentContext(),
  });
  return config;
}

function readTokenFiles(path: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const document = parseYaml(readFileSync(path, 'utf8')) as {
    readonly users?: readonly { readonly name: string; readonly user?: { readonly tokenFile?: string } }[];
  };
  for (const { name, user } of document.users ?? []) {
    if (typeof user?.tokenFile === 'string') found.set(name, resolve(dirname(path), user.tokenFile));
  }
  return found;
}

/** Header values are trimmed, since a token file may end with a newline, which HTTP forbids. */
function credentialsFrom(applied: RequestOptions): Credentials {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(applied.headers ?? {})) headers[name] = String(value).trim();
  if (typeof applied.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(applied.auth).toString('base64')}`;
  }
  const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = applied;
  const material = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
  const set = Object.entries(material).filter(([, value]) => value !== undefined);
  return { headers, tls: Object.fromEntries(set) };
}
