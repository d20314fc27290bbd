import fc from 'fast-check';
import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { MeshChangeStep } from './mesh-change-step.testing.ts';
import { apps, exportTo, metadata, present } from './mesh-change-step.testing.ts';

const host = fc.constantFrom('s0', 's1', 's0.a.svc.cluster.local', 's1.b.svc.cluster.local', '*.b.svc.cluster.local');
const destination = fc.record({
  host,
  subset: fc.constantFrom(undefined, 'v1', 'v2'),
  port: fc.constantFrom(undefined, { number: 80 }, { number: 9001 }),
});
const sourceLabels = fc.constantFrom(undefined, undefined, { app: 'x' }, { version: 'v1' });

/** Hosts of no service, and other names and addresses of services. */
const otherHost = fc.constantFrom(
  'shop.example.com',
  '*.example.com',
  'bad host',
  's0.a',
  's1.b.svc',
  's0.a.svc.cluster.local.',
  '*.s0.a.svc.cluster.local',
  '*.s0',
  '10.96.0.1',
  'fd00::10',
);

export const virtualService = fc
  .record({
    metadata,
    name: fc.constantFrom('r0', 'r1', 'r2'),
    hosts: fc.uniqueArray(fc.oneof(host, otherHost), { maxLength: 2 }),
    exportTo,
    http: fc.array(
      fc.record({
        match: fc.constantFrom(undefined, [{ uri: { prefix: '/a' } }], [{ port: 80 }]),
        sourceLabels,
        destinations: fc.array(destination, { minLength: 1, maxLength: 2 }),
        timeout: fc.constantFrom(undefined, '5s', 'never'),
        // A VirtualService without hosts is a delegate.
        delegate: fc.constantFrom(undefined, undefined, undefined, { name: 'r0' }, { name: 'r1', namespace: 'a' }),
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
        http: http.map(({ match, sourceLabels: labels, destinations, timeout, delegate }) => ({
          match: labels === undefined ? match : [...(match ?? [{}]).map((one) => ({ ...one, sourceLabels: labels }))],
          route:
            delegate === undefined
              ? destinations.map((to) => ({ destination: to, weight: 100 / destinations.length }))
              : undefined,
          timeout,
          delegate,
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

export const destinationRule = fc
  .record({
    metadata,
    name: fc.constantFrom('d0', 'd1', 'd2'),
    host: fc.oneof({ weight: 5, arbitrary: host }, { weight: 1, arbitrary: fc.constant('*') }),
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
export const peerAuthentication = fc
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
