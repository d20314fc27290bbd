import fc from 'fast-check';
import type { EndpointSlice, Service as KubernetesService, Node, Pod } from '../../lib/kube/types.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshChangeStep } from './mesh-change-step.testing.ts';
import { addresses, apps, metadata, namespaceIndex, present, serviceNames } from './mesh-change-step.testing.ts';
import type { MeshStore } from './mesh-store.ts';
import { destinationRule, peerAuthentication, virtualService } from './rule-changes.testing.ts';

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
    ipv6: fc.constantFrom(undefined, undefined, 'fd00::10', 'fd00::11'),
    tier: fc.constantFrom(undefined, undefined, 'v1'),
    publishNotReadyAddresses: fc.constantFrom(undefined, true),
  })
  .map((it): MeshChangeStep => {
    const { metadata: meta, index, kind, ports, app, tier, ipv6, exportTo: to, publishNotReadyAddresses } = it;
    const name = serviceNames[index] ?? 's0';
    const annotations = to === undefined ? undefined : { 'networking.istio.io/exportTo': to };
    const clusterIP = kind === 'headless' ? 'None' : `10.96.${namespaceIndex(meta.namespace)}.${index + 1}`;
    const clusterIPs = kind === 'headless' || ipv6 === undefined ? undefined : [clusterIP, ipv6];
    const selector = app === undefined && tier === undefined ? undefined : { app, version: tier };
    const object = present({
      metadata: { ...meta, name, annotations },
      spec:
        kind === 'external-name'
          ? { type: 'ExternalName', externalName: 's0.a.svc.cluster.local', ports }
          : { clusterIP, clusterIPs, ports, selector, publishNotReadyAddresses },
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
        pod: fc.constantFrom(undefined, 'p0', 'p1'),
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
      endpoints: endpoints.map(({ address, ready, terminating, nodeName, pod: name }) => ({
        addresses: [address],
        conditions: { ready, terminating },
        nodeName,
        targetRef: name && { kind: 'Pod', name },
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
    hostNetwork: fc.constantFrom(undefined, undefined, true),
  })
  .map(({ metadata: meta, name, labels, ips, phase, serviceAccountName, nodeName, hostNetwork }): MeshChangeStep => {
    const object = present({
      metadata: { ...meta, name, labels },
      spec: {
        serviceAccountName,
        nodeName,
        hostNetwork,
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
