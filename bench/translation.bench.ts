import { test } from 'vitest';
import type { VirtualService } from '../crds/virtual-service.ts';
import type { EndpointSlice, Service as KubernetesService } from '../lib/kube/types.ts';
import { silentLogger } from '../lib/logger.ts';
import { defaultMeshSettings } from '../xds/model/mesh-settings.ts';
import { MeshStore } from '../xds/registry/mesh-store.ts';
import { SnapshotEngine } from '../xds/snapshot/snapshot-engine.ts';

const serviceCount = 1_000;
const namespaceCount = 20;
const namespaceOf = (index: number): string => `n${index % namespaceCount}`;

function service(index: number): KubernetesService {
  return {
    metadata: { name: `s${index}`, namespace: namespaceOf(index) },
    spec: {
      clusterIP: `10.96.${index >> 8}.${index & 255}`,
      ports: [{ name: 'http', port: 80, targetPort: 8080 }],
      selector: { app: `s${index}` },
    },
  };
}

function slice(index: number, ...more: readonly string[]): EndpointSlice {
  const name = `s${index}`;
  const addresses = [`10.1.${index >> 8}.${index & 255}`, `10.2.${index >> 8}.${index & 255}`, ...more];
  return {
    metadata: { name, namespace: namespaceOf(index), labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address] })),
    ports: [{ name: 'http', port: 8080 }],
  };
}

function virtualService(index: number, probe: number): VirtualService {
  const host = `s${index}.${namespaceOf(index)}.svc.cluster.local`;
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'VirtualService',
    metadata: { name: `s${index}`, namespace: namespaceOf(index) },
    spec: {
      hosts: [host],
      http: [
        { match: [{ headers: { 'x-probe': { exact: String(probe) } } }], route: [{ destination: { host } }] },
        { route: [{ destination: { host } }] },
      ],
    },
  };
}

/** A mesh of 1,000 services and an engine with one proxy in each of the namespaces. */
function newMesh() {
  const store = new MeshStore(defaultMeshSettings);
  for (let index = 0; index < serviceCount; index++) {
    store.setService(service(index));
    store.setEndpointSlice(slice(index));
  }
  const engine = new SnapshotEngine(store, silentLogger);
  return { store, engine };
}

function openAll(engine: SnapshotEngine): void {
  for (let index = 0; index < namespaceCount; index++) {
    const name = `s${index}`;
    const proxy = {
      name,
      pod: `${name}-1`,
      namespace: namespaceOf(index),
      serviceAccount: 'default',
      addresses: [`10.1.0.${index}`],
      labels: { app: name },
      containerPorts: [],
    };
    engine.open(proxy, () => undefined);
  }
}

test(`${serviceCount} services, ${namespaceCount} namespaces`, { timeout: 120_000 }, async ({ bench }) => {
  const { store, engine } = newMesh();
  openAll(engine);
  engine.refresh();
  let round = 0;
  await bench.compare(
    bench('translate and encode everything, for the first proxy of each namespace', () => {
      openAll(new SnapshotEngine(store, silentLogger));
    }),
    bench('refresh after nothing has changed', () => {
      engine.refresh();
    }),
    bench('refresh after one endpoint was added', () => {
      store.setEndpointSlice(slice(round % serviceCount, `10.3.0.${1 + (round++ % 250)}`));
      engine.refresh();
    }),
    bench('refresh after one VirtualService was changed', () => {
      store.setRule('VirtualService', virtualService(0, round++));
      engine.refresh();
    }),
    { time: 2_000, iterations: 5, warmupTime: 200 },
  );
});
