import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import { ensurePackages, networkPackages } from '../../e2e/cluster/debian-packages.ts';
import { envoyBinary } from '../../e2e/cluster/envoy-binary.ts';
import { progressToStderr } from '../../e2e/cluster/progress.ts';
import { pipeCluster } from '../../xds/golden/pipe-cluster.ts';
import { sidecarNode } from '../../xds/serve/ads-client.testing.ts';

/** A real Envoy with a sidecar's bootstrap, in a network of its own. */
export interface SidecarEnvoy {
  /** Unix socket of the admin interface. */
  readonly admin: string;
  /** Unix socket for the application's connections. They begin with a PROXY protocol header that says where they go. */
  readonly outbound: string;
  /** What Envoy has said. */
  readonly output: () => string;
  readonly stop: () => Promise<void>;
}

export interface SidecarEnvoyOptions {
  /** Where its sockets are; `xds` is the one that it finds istiod at. */
  readonly folder: string;
  readonly pod: string;
  readonly namespace: string;
  readonly protocol: 'delta' | 'sotw';
}

/** All addresses of backends; whichever of them is asked on this port answers with itself. */
export const backends = {
  range: '10.99.0.1/16',
  port: 8080,
  address: (index: number) => `10.99.${1 + (index >> 7)}.${1 + (index & 127)}`,
};

/** How long Envoy keeps a listener that is gone for its connections, seconds. */
const drainSeconds = 2;

/** Envoy needs root only inside its own user namespace. */
export async function startSidecarEnvoy(options: SidecarEnvoyOptions): Promise<SidecarEnvoy> {
  const { folder } = options;
  const [admin, outbound] = [join(folder, 'admin'), join(folder, 'outbound')];
  await ensurePackages(networkPackages, progressToStderr);
  const file = join(folder, 'bootstrap.json');
  await writeFile(file, JSON.stringify(bootstrap(options, { admin, outbound })));
  const network = `ip link set lo up && ip address add ${backends.range} dev lo && exec "$@"`;
  const envoy = [await envoyBinary(), '-c', file, '--concurrency', '1', '--log-level', 'warn'];
  const drain = ['--drain-time-s', String(drainSeconds), '--drain-strategy', 'immediate'];
  const child = spawn('unshare', ['--map-root-user', '--net', 'sh', '-c', network, 'sh', ...envoy, ...drain], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { admin, outbound, output: () => output, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  if (child.kill('SIGKILL')) await exited;
}

function bootstrap(
  { folder, pod, namespace, protocol }: SidecarEnvoyOptions,
  { admin, outbound }: { readonly admin: string; readonly outbound: string },
): JsonObject {
  const fromAds = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };
  const retryPolicy = { retryBackOff: { baseInterval: '0.1s', maxInterval: '0.3s' } };
  return {
    node: { cluster: `${pod}.${namespace}`, ...sidecarNode(pod, namespace, 'default', '10.99.0.1') },
    admin: { address: { pipe: { path: admin } } },
    dynamicResources: {
      adsConfig: {
        apiType: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds', retryPolicy } }],
      },
      cdsConfig: fromAds,
      ldsConfig: fromAds,
    },
    staticResources: {
      clusters: [pipeCluster('xds', join(folder, 'xds'))],
      listeners: [outboundListener(outbound), backendListener()],
    },
  };
}

/**
 * Stands in for iptables: hands each connection to the listener of the address that its header names, as the sidecar's
 * own listener does with the address from before the redirection. Answers 421 where there is no such listener.
 */
function outboundListener(path: string): JsonObject {
  return {
    name: 'outbound',
    address: { pipe: { path } },
    useOriginalDst: true,
    listenerFilters: [
      {
        name: 'envoy.filters.listener.proxy_protocol',
        typedConfig: {
          '@type': 'type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol',
        },
      },
    ],
    filterChains: [{ filters: [directAnswer('outbound', { status: 421 })] }],
  };
}

function backendListener(): JsonObject {
  const header = { key: 'answered-by', value: '%DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT%' };
  return {
    name: 'backends',
    address: { socketAddress: { address: '0.0.0.0', portValue: backends.port } },
    filterChains: [{ filters: [directAnswer('backends', { status: 200 }, [{ header }])] }],
  };
}

function directAnswer(name: string, directResponse: JsonObject, responseHeadersToAdd: JsonValue = []): JsonObject {
  const routes = [{ match: { prefix: '/' }, directResponse }];
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
      statPrefix: name,
      routeConfig: { name, responseHeadersToAdd, virtualHosts: [{ name, domains: ['*'], routes }] },
      httpFilters: [
        {
          name: 'envoy.filters.http.router',
          typedConfig: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
        },
      ],
    },
  };
}

/** Names and values of the numeric statistics whose names match. */
export async function statistics({ admin }: SidecarEnvoy, filter: RegExp): Promise<ReadonlyMap<string, number>> {
  const text = await askAdmin(admin, '/stats?type=All&format=text');
  const pairs = text.split('\n').flatMap((line): readonly (readonly [string, number])[] => {
    const [, name = '', value = ''] = /^(.*): (\d+)$/.exec(line) ?? [];
    return filter.test(name) ? [[name, Number(value)]] : [];
  });
  return new Map(pairs);
}

/** Names of the route configurations that Envoy has by RDS. */
export async function routeConfigurationNames({ admin }: SidecarEnvoy): Promise<readonly string[]> {
  const dump = JSON.parse(
    await askAdmin(admin, '/config_dump?resource=dynamic_route_configs&mask=route_config.name'),
  ) as {
    readonly configs?: readonly { readonly route_config?: { readonly name?: string } }[];
  };
  return (dump.configs ?? []).map(({ route_config: { name = '' } = {} }) => name);
}

function askAdmin(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, timeout: 5_000 }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    call.on('timeout', () => call.destroy(new Error(`no answer from Envoy's admin interface to ${path}`)));
    call.on('error', reject);
    call.end();
  });
}
