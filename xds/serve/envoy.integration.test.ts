import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { envoyBinary } from '../../e2e/cluster/envoy-binary.ts';
import { startGrpcServer } from '../../lib/grpc-server/server.ts';
import { unprovenCaller } from '../../lib/identity.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { createRegistry } from '../../lib/metrics.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import { SnapshotEngine } from '../snapshot/snapshot-engine.ts';
import { pipeCluster } from '../golden/pipe-cluster.ts';
import { sidecarNode } from './ads-client.testing.ts';
import { AdsServer } from './ads-server.ts';
import { ServeMetrics } from './serve-metrics.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** The whole way from the registry to the stream, on a Unix socket; without TLS, for which Envoy would need an agent. */
async function serve(socket: string) {
  const logger = recordingLogger();
  const store = new MeshStore({ ...defaultMeshSettings, autoMutualTls: false, mutualTlsMode: 'DISABLE' });
  const engine = new SnapshotEngine(store, logger);
  const ads = new AdsServer({
    authenticate: () => Promise.resolve(unprovenCaller),
    configurationOf: ({ pod, namespace, serviceAccount, addresses, labels }, onChange, routeForm) => {
      const workload = { name: pod, pod, namespace, serviceAccount, addresses, labels, containerPorts: [] };
      return engine.open(workload, onChange, routeForm);
    },
    logger,
    metrics: new ServeMetrics(createRegistry({ processMetrics: false })),
  });
  const server = await startGrpcServer({ address: `unix:${socket}`, methods: ads.methods });
  cleanups.push(() => server.close(1));
  return { store, engine, ads, logger };
}

function bootstrap(protocol: 'delta' | 'sotw', xds: string, admin: string): object {
  const fromAds = { ads: {}, resourceApiVersion: 'V3', initialFetchTimeout: '0s' };
  return {
    node: { cluster: 'web.shop', ...sidecarNode('web-1', 'shop') },
    admin: { address: { pipe: { path: admin } } },
    dynamicResources: {
      adsConfig: {
        apiType: protocol === 'delta' ? 'DELTA_GRPC' : 'GRPC',
        transportApiVersion: 'V3',
        grpcServices: [{ envoyGrpc: { clusterName: 'xds' } }],
      },
      cdsConfig: fromAds,
      ldsConfig: fromAds,
    },
    staticResources: {
      clusters: [pipeCluster('xds', xds)],
    },
  };
}

/** Envoy in a network of its own, so that its ports are nobody else's. */
async function startEnvoy(protocol: 'delta' | 'sotw', folder: string): Promise<ChildProcess> {
  const file = join(folder, 'bootstrap.json');
  await writeFile(file, JSON.stringify(bootstrap(protocol, join(folder, 'xds'), join(folder, 'admin'))));
  const envoy = spawn(
    'unshare',
    ['--map-root-user', '--net', await envoyBinary(), '-c', file, '--concurrency', '1', '--log-level', 'error'],
    { stdio: 'ignore' },
  );
  cleanups.push(async () => {
    const exited = new Promise((resolve) => envoy.once('exit', resolve));
    if (envoy.kill('SIGKILL')) await exited;
  });
  return envoy;
}

function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
    });
    call.on('error', reject);
    call.end();
  });
}

function put(store: MeshStore, index: number, version: number): void {
  const metadata = { name: `s${index}`, namespace: 'shop' };
  store.setService({
    metadata,
    spec: { clusterIP: `10.96.0.${index + 1}`, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  });
  store.setEndpointSlice({
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [`10.1.0.${1 + (version % 200)}`] }],
    ports: [{ name: 'http', port: 8080 }],
  });
  const subset = `v${version}`;
  store.setRule('DestinationRule', {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata,
    spec: {
      host: metadata.name,
      subsets: [{ name: subset, labels: {} }],
      trafficPolicy: { connectionPool: { tcp: { maxConnections: 1 + version } } },
    },
  });
  store.setRule('VirtualService', {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata,
    spec: { hosts: [metadata.name], http: [{ route: [{ destination: { host: metadata.name, subset } }] }] },
  });
}

function remove(store: MeshStore, index: number): void {
  const ref = { name: `s${index}`, namespace: 'shop' };
  store.deleteRule('VirtualService', ref);
  store.deleteRule('DestinationRule', ref);
  store.deleteEndpointSlice(ref);
  store.deleteService(ref);
}

it.each(['delta', 'sotw'] as const)(
  'brings a real Envoy (%s) to the newest state after a storm of changes, and is never rejected',
  async (protocol) => {
    const folder = await mkdtemp(join(tmpdir(), 'meltemi-ads-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const { store, engine, ads, logger } = await serve(join(folder, 'xds'));
    for (let index = 0; index < 5; index++) put(store, index, 0);
    engine.refresh();
    await startEnvoy(protocol, folder);
    await vi.waitFor(() => expect(ads.connectionCount).toBe(1), { timeout: 30_000 });
    for (let version = 1; version <= 301; version++) {
      put(store, version % 10, version);
      if (version % 3 === 0) remove(store, (version * 7) % 10);
      engine.refresh();
      for (let turn = 0; turn < version % 5; turn++) await nextTurn();
    }
    const [connection] = [...ads.connections];
    const snapshot = engine.open(
      {
        name: 'x',
        pod: 'x',
        namespace: 'shop',
        serviceAccount: 'default',
        addresses: ['10.1.0.1'],
        labels: {},
        containerPorts: [],
      },
      () => undefined,
    );
    const { shared, own } = snapshot.visible('cluster');
    const wanted = [...shared.values(), ...own.values()].map(({ name }) => name).sort();
    await vi.waitFor(
      async () => {
        const config = JSON.parse(await ask(join(folder, 'admin'), '/config_dump')) as {
          readonly configs: readonly {
            readonly dynamic_active_clusters?: readonly { readonly cluster: { readonly name: string } }[];
            readonly dynamic_warming_clusters?: readonly object[];
            readonly dynamic_route_configs?: readonly object[];
          }[];
        };
        const clusters = config.configs.flatMap(({ dynamic_active_clusters: active = [] }) => active);
        expect(clusters.map(({ cluster }) => cluster.name).sort()).toEqual(wanted);
        expect(config.configs.flatMap(({ dynamic_warming_clusters: warming = [] }) => warming)).toEqual([]);
        const routes = JSON.stringify(config.configs.map(({ dynamic_route_configs: active }) => active));
        expect(routes).toMatch(/outbound\|80\|v301\|s1\.shop/);
        for (const subscription of connection?.subscriptions.values() ?? []) expect(subscription.settled).toBe(true);
      },
      { timeout: 60_000, interval: 200 },
    );
    for (const { lastError } of connection?.subscriptions.values() ?? []) expect(lastError).toBeUndefined();
    expect(logger.entries.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
    expect([...ads.connections]).toEqual([connection]);
  },
);
