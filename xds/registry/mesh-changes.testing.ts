import fc from 'fast-check';
import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { EndpointSlice, Service as KubernetesService, Node, Pod } from '../../lib/kube/types.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshStore } from './mesh-store.ts';

/** One thing that happens to a mesh. Objects come from small pools, so that they meet and replace each other. */
export interface MeshChangeStep {
  /** Kind, namespace and name: what a later step of the same key replaces. */
  readonly key: string;
  /** Puts the object into a store. */
  readonly put: (store: MeshStore) => void;
  /** Takes it out again; nothing for what can't be deleted. */
  readonly remove?: (store: MeshStore) => void;
}

const namespaces = ['a', 'b', 'istio-system'] as const;
const serviceNames = ['s0', 's1'] as const;
const addresses = ['10.1.0.1', '10.1.0.2', '10.1.0.3', 'fd00::1'] as const;
const apps = ['x', 'y'] as const;

const metadata = fc.record({
  namespace: fc.constantFrom('a', 'a', 'b', 'b', 'istio-system'),
  creationTimestamp: fc.constantFrom('2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z'),
});
const exportTo = fc.constantFrom(undefined, ['*'], ['.'], ['a'], ['~']);
const namespaceIndex = (namespace: string): number => namespaces.findIndex((name) => name === namespace);

/** The fields that are not undefined, as JSON from the API server would have them. */
function present<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return JSON.parse(JSON.stringify(fields)) as { [K in keyof T]: Exclude<T[K], undefined> };
}

const servicePort = fc.constantFrom(
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'grpc-api', port: 9000, targetPort: 'api' },
  { name: 'tcp-db', port: 9001, targetPort: 9001 },
  { name: 'sniffed', port: 8080, targetPort: 8080 },
  { name: 'https', port: 443, targetPort: 8443 },
);

const service = fc
  .record({
    metadata,
    index: fc.nat(serviceNames.length - 1),
    kind: fc.constantFrom('cluster-ip', 'cluster-ip', 'headless', 'external-name'),
    ports: fc.uniqueArray(servicePort, { maxLength: 4, selector: ({ port }) => port }),
    app: fc.constantFrom(undefined, ...apps),
    exportTo: fc.constantFrom(undefined, '.', '*', 'a'),
    publishNotReadyAddresses: fc.constantFrom(undefined, true),
  })
  .map(({ metadata: meta, index, kind, ports, app, exportTo: to, publishNotReadyAddresses }): MeshChangeStep => {
    const name = serviceNames[index] ?? 's0';
    const annotations = to === undefined ? undefined : { 'networking.istio.io/exportTo': to };
    const clusterIP = kind === 'headless' ? 'None' : `10.96.${namespaceIndex(meta.namespace)}.${index + 1}`;
    const object = present({
      metadata: { ...meta, name, annotations },
      spec:
        kind === 'external-name'
          ? { type: 'ExternalName', externalName: 's0.a.svc.cluster.local', ports }
          : { clusterIP, ports, selector: app === undefined ? undefined : { app }, publishNotReadyAddresses },
    }) as KubernetesService;
    return {
      key: `Service/${meta.namespace}/${name}`,
      put: (store) => store.setService(object),
      remove: (store) => store.deleteService(object.metadata),
    };
  });

const slice = fc
  .record({
    metadata,
    service: fc.constantFrom(undefined, ...serviceNames),
    name: fc.constantFrom('e0', 'e1', 'e2'),
    endpoints: fc.array(
      fc.record({
        address: fc.constantFrom(...addresses),
        ready: fc.constantFrom(undefined, true, false),
        terminating: fc.constantFrom(undefined, true),
        nodeName: fc.constantFrom(undefined, 'n0', 'n1'),
      }),
      { maxLength: 3 },
    ),
    ports: fc.uniqueArray(
      fc.constantFrom(
        { name: 'http', port: 8080 },
        { name: 'grpc-api', port: 9090 },
        { name: 'tcp-db', port: 9001 },
        { name: 'sniffed', port: 8080 },
      ),
      { maxLength: 3, selector: ({ name }) => name },
    ),
  })
  .map(({ metadata: meta, service: of, name, endpoints, ports }): MeshChangeStep => {
    const object = present({
      metadata: { ...meta, name, labels: of === undefined ? undefined : { 'kubernetes.io/service-name': of } },
      addressType: 'IPv4',
      ports,
      endpoints: endpoints.map(({ address, ready, terminating, nodeName }) => ({
        addresses: [address],
        conditions: { ready, terminating },
        nodeName,
      })),
    }) as EndpointSlice;
    return {
      key: `EndpointSlice/${meta.namespace}/${name}`,
      put: (store) => store.setEndpointSlice(object),
      remove: (store) => store.deleteEndpointSlice(object.metadata),
    };
  });

const pod = fc
  .record({
    metadata,
    name: fc.constantFrom('p0', 'p1', 'p2', 'p3'),
    labels: fc.record({
      app: fc.constantFrom(undefined, ...apps),
      version: fc.constantFrom(undefined, 'v1', 'v2'),
      'security.istio.io/tlsMode': fc.constantFrom(undefined, 'istio'),
    }),
    ips: fc.uniqueArray(fc.constantFrom(...addresses), { maxLength: 2 }),
    phase: fc.constantFrom('Running', 'Running', 'Succeeded'),
    serviceAccountName: fc.constantFrom(undefined, 'one', 'two'),
    nodeName: fc.constantFrom(undefined, 'n0', 'n1'),
  })
  .map(({ metadata: meta, name, labels, ips, phase, serviceAccountName, nodeName }): MeshChangeStep => {
    const object = present({
      metadata: { ...meta, name, labels },
      spec: {
        serviceAccountName,
        nodeName,
        containers: [{ name: 'c', ports: [{ name: 'api', containerPort: 9090 }] }],
      },
      status: { phase, podIPs: ips.map((ip) => ({ ip })) },
    }) as Pod;
    return {
      key: `Pod/${meta.namespace}/${name}`,
      put: (store) => store.setPod(object),
      remove: (store) => store.deletePod(object.metadata),
    };
  });

const node = fc
  .record({ name: fc.constantFrom('n0', 'n1'), zone: fc.constantFrom(undefined, 'z0', 'z1') })
  .map(({ name, zone }): MeshChangeStep => {
    const labels = { 'topology.kubernetes.io/region': zone && 'r', 'topology.kubernetes.io/zone': zone };
    const object = present({ metadata: { name, labels } }) as Node;
    return {
      key: `Node/${name}`,
      put: (store) => store.setNode(object),
      remove: (store) => store.deleteNode(object.metadata),
    };
  });

const host = fc.constantFrom('s0', 's1', 's0.a.svc.cluster.local', 's1.b.svc.cluster.local', '*.b.svc.cluster.local');
const destination = fc.record({
  host,
  subset: fc.constantFrom(undefined, 'v1', 'v2'),
  port: fc.constantFrom(undefined, { number: 80 }, { number: 9001 }),
});
const sourceLabels = fc.constantFrom(undefined, undefined, { app: 'x' }, { version: 'v1' });

const virtualService = fc
  .record({
    metadata,
    name: fc.constantFrom('r0', 'r1', 'r2'),
    hosts: fc.uniqueArray(fc.oneof(host, fc.constantFrom('shop.example.com', '*.example.com', 'bad host')), {
      minLength: 1,
      maxLength: 2,
    }),
    exportTo,
    http: fc.array(
      fc.record({
        match: fc.constantFrom(undefined, [{ uri: { prefix: '/a' } }], [{ port: 80 }]),
        sourceLabels,
        destinations: fc.array(destination, { minLength: 1, maxLength: 2 }),
        timeout: fc.constantFrom(undefined, '5s', 'never'),
      }),
      { maxLength: 2 },
    ),
    tcp: fc.option(destination, { nil: undefined }),
    tcpMatch: fc.constantFrom(undefined, [{ destinationSubnets: ['10.96.0.0/24'] }], [{ sourceLabels: { app: 'x' } }]),
    tls: fc.option(destination, { nil: undefined }),
  })
  .map(({ metadata: meta, name, hosts, exportTo: to, http, tcp, tcpMatch, tls }): MeshChangeStep => {
    const object = present({
      metadata: { ...meta, name },
      spec: {
        hosts,
        exportTo: to,
        http: http.map(({ match, sourceLabels: labels, destinations, timeout }) => ({
          match: labels === undefined ? match : [...(match ?? [{}]).map((one) => ({ ...one, sourceLabels: labels }))],
          route: destinations.map((to) => ({ destination: to, weight: 100 / destinations.length })),
          timeout,
        })),
        tcp: tcp === undefined ? undefined : [{ match: tcpMatch, route: [{ destination: tcp }] }],
        tls:
          tls === undefined ? undefined : [{ match: [{ sniHosts: ['a.example.com'] }], route: [{ destination: tls }] }],
      },
    }) as VirtualService;
    return {
      key: `VirtualService/${meta.namespace}/${name}`,
      put: (store) => store.setRule('VirtualService', object),
      remove: (store) => store.deleteRule('VirtualService', object.metadata),
    };
  });

const trafficPolicy = fc.constantFrom(
  undefined,
  { loadBalancer: { simple: 'ROUND_ROBIN' } },
  { loadBalancer: { simple: 'PASSTHROUGH' } },
  { loadBalancer: { consistentHash: { httpHeaderName: 'x-user' } } },
  { tls: { mode: 'DISABLE' } },
  { tls: { mode: 'ISTIO_MUTUAL' }, connectionPool: { tcp: { maxConnections: 7 } } },
  { loadBalancer: { localityLbSetting: { distribute: [{ from: 'r/z0', to: { 'r/z1': 100 } }] } } },
  {
    outlierDetection: { consecutive5xxErrors: 3 },
    loadBalancer: { localityLbSetting: { failoverPriority: ['version'] } },
  },
  { portLevelSettings: [{ port: { number: 80 }, outlierDetection: { consecutive5xxErrors: 3 } }] },
);

const destinationRule = fc
  .record({
    metadata,
    name: fc.constantFrom('d0', 'd1', 'd2'),
    host,
    exportTo,
    trafficPolicy,
    subsets: fc.subarray(['v1', 'v2']),
    subsetPolicy: trafficPolicy,
    selector: fc.constantFrom(undefined, undefined, { matchLabels: { app: 'x' } }),
  })
  .map((it): MeshChangeStep => {
    const object = present({
      metadata: { ...it.metadata, name: it.name },
      spec: {
        host: it.host,
        exportTo: it.exportTo,
        trafficPolicy: it.trafficPolicy,
        subsets: it.subsets.map((version) => ({
          name: version,
          labels: { version },
          trafficPolicy: it.subsetPolicy,
        })),
        workloadSelector: it.selector,
      },
    }) as DestinationRule;
    return {
      key: `DestinationRule/${it.metadata.namespace}/${it.name}`,
      put: (store) => store.setRule('DestinationRule', object),
      remove: (store) => store.deleteRule('DestinationRule', object.metadata),
    };
  });

const mode = fc.constantFrom('UNSET', 'STRICT', 'PERMISSIVE', 'DISABLE');
const peerAuthentication = fc
  .record({
    metadata,
    name: fc.constantFrom('q0', 'q1'),
    app: fc.constantFrom(undefined, ...apps),
    mode: fc.option(mode, { nil: undefined }),
    portMode: fc.option(mode, { nil: undefined }),
  })
  .map(({ metadata: meta, name, app, mode: wanted, portMode }): MeshChangeStep => {
    const object = present({
      metadata: { ...meta, name },
      spec: {
        selector: app === undefined ? undefined : { matchLabels: { app } },
        mtls: wanted === undefined ? undefined : { mode: wanted },
        portLevelMtls: portMode === undefined ? undefined : { '8080': { mode: portMode } },
      },
    }) as PeerAuthentication;
    return {
      key: `PeerAuthentication/${meta.namespace}/${name}`,
      put: (store) => store.setRule('PeerAuthentication', object),
      remove: (store) => store.deleteRule('PeerAuthentication', object.metadata),
    };
  });

const settings = fc
  .record({
    outboundTrafficPolicy: fc.constantFrom('ALLOW_ANY' as const, 'REGISTRY_ONLY' as const),
    autoMutualTls: fc.boolean(),
    trustDomain: fc.constantFrom('cluster.local', 'other.example'),
    mutualTlsMode: fc.constantFrom('STRICT' as const, 'PERMISSIVE' as const),
    clusterDomain: fc.constantFrom('cluster.local', 'cluster.local', 'other.local'),
  })
  .map((it): MeshChangeStep => {
    const all: MeshSettings = { ...defaultMeshSettings, ...it };
    return { key: 'settings', put: (store) => store.setSettings(all) };
  });

/** Anything that happens to a mesh, and whether it is the object's end. */
export const meshChange = fc.record({
  step: fc.oneof(
    { weight: 4, arbitrary: service },
    { weight: 4, arbitrary: slice },
    { weight: 3, arbitrary: pod },
    { weight: 1, arbitrary: node },
    { weight: 3, arbitrary: virtualService },
    { weight: 3, arbitrary: destinationRule },
    { weight: 2, arbitrary: peerAuthentication },
    { weight: 1, arbitrary: settings },
  ),
  removes: fc.constantFrom(false, false, true),
});

export type RandomMeshChange = typeof meshChange extends fc.Arbitrary<infer T> ? T : never;

/** Lets a change happen to a store, and keeps account of what is there after it. */
export function happen(store: MeshStore, present: Map<string, MeshChangeStep>, change: RandomMeshChange): void {
  const { step, removes } = change;
  if (!removes || step.remove === undefined) {
    step.put(store);
    present.set(step.key, step);
  } else {
    step.remove(store);
    present.delete(step.key);
  }
}
