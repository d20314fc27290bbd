import { toBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientTlsSettings, TrafficPolicy } from '../../crds/destination-rule.ts';
import type { Cluster } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import { Cluster_DiscoveryType, ClusterSchema } from '../envoy/gen/envoy/config/cluster/v3/cluster_pb.js';
import type { TransportSocket } from '../envoy/gen/envoy/config/core/v3/base_pb.js';
import { UpstreamTlsContextSchema } from '../envoy/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { defaultMeshSettings as settings } from '../model/mesh-settings.ts';
import { aDestinationRule, aPort, aService } from '../model/model-testing.ts';
import type { OutboundClusterInput } from './cluster.ts';
import { translateOutboundClusters } from './cluster.ts';

const serviceAccounts = ['spiffe://cluster.local/ns/default/sa/web'];

function translate(over: Partial<OutboundClusterInput> = {}, policy?: TrafficPolicy): Cluster {
  const [cluster] = translateOutboundClusters({
    service: aService(),
    port: aPort(),
    serverMutualTls: 'PERMISSIVE',
    serviceAccounts,
    everyEndpointHasSidecar: true,
    settings,
    ...(policy === undefined ? {} : { destinationRule: aDestinationRule({ host: 'web', trafficPolicy: policy }) }),
    ...over,
  });
  if (cluster === undefined) throw new Error('a service port has at least one cluster');
  return cluster;
}

function tlsContext(socket: TransportSocket | undefined) {
  const any = socket?.configType.case === 'typedConfig' ? socket.configType.value : undefined;
  return any === undefined ? undefined : anyUnpack(any, UpstreamTlsContextSchema);
}

function sans(socket: TransportSocket | undefined): unknown {
  const type = tlsContext(socket)?.commonTlsContext?.validationContextType;
  if (type?.case !== 'combinedValidationContext') return undefined;
  return type.value.defaultValidationContext?.matchTypedSubjectAltNames.map(
    ({ matcher }) => matcher?.matchPattern.value,
  );
}

describe('automatic mutual TLS', () => {
  it('is for the endpoints that take it, plaintext for the others', () => {
    const { transportSocketMatches, transportSocket } = translate();
    expect(transportSocketMatches.map(({ name, match }) => [name, match])).toEqual([
      ['tlsMode-istio', { tlsMode: 'istio' }],
      ['tlsMode-disabled', {}],
    ]);
    expect(transportSocket).toBeUndefined();
    const [mutual] = transportSocketMatches;
    expect(tlsContext(mutual?.transportSocket)?.sni).toBe('outbound_.80_._.web.default.svc.cluster.local');
    expect(sans(mutual?.transportSocket)).toEqual(serviceAccounts);
  });

  it('takes any identity of the trust domain where none is known', () => {
    const [mutual] = translate({ serviceAccounts: [] }).transportSocketMatches;
    expect(sans(mutual?.transportSocket)).toEqual(['spiffe://cluster.local/']);
  });

  it.each([
    ['http', 'istio-http/1.1', 'http/1.1'],
    ['http2', 'istio-h2', 'h2'],
    ['grpc', 'istio-h2', 'h2'],
    ['tcp', 'istio-peer-exchange', 'istio'],
    ['tls', 'istio-peer-exchange', 'istio'],
    ['auto', 'istio-http/1.1', 'istio'],
  ] as const)('says by ALPN what a %s port carries', (protocol, first, last) => {
    const [mutual] = translate({ port: aPort(protocol) }).transportSocketMatches;
    const offered = tlsContext(mutual?.transportSocket)?.commonTlsContext?.alpnProtocols;
    expect([offered?.at(0), offered?.at(-1)]).toEqual([first, last]);
  });

  it.each([
    ['the mesh does not do it', { settings: { ...settings, autoMutualTls: false } }],
    ['the servers do not take it', { serverMutualTls: 'DISABLE' }],
    ['the host is outside of the mesh', { service: aService({ kind: 'external-name', externalName: 'example.com' }) }],
  ] as const)('is left out where %s', (_, over) => {
    const cluster = translate(over);
    expect(cluster.transportSocketMatches).toEqual([]);
    expect(cluster.transportSocket).toBeUndefined();
  });

  it('of a headless service is for all endpoints or none', () => {
    const service = aService({ kind: 'headless', addresses: [] });
    const all = translate({ service });
    expect(all.clusterDiscoveryType).toEqual({ case: 'type', value: Cluster_DiscoveryType.ORIGINAL_DST });
    expect(tlsContext(all.transportSocket)).toBeDefined();
    expect(translate({ service, everyEndpointHasSidecar: false }).transportSocket).toBeUndefined();
  });
});

describe('TLS of the user', () => {
  const socketOf = (tls: ClientTlsSettings) => translate({}, { tls }).transportSocket;

  it('goes before automatic mutual TLS', () => {
    expect(translate({}, { tls: { mode: 'DISABLE' } }).transportSocketMatches).toEqual([]);
    expect(tlsContext(socketOf({ mode: 'ISTIO_MUTUAL', sni: 'x', subjectAltNames: ['spiffe://a/b'] }))?.sni).toBe('x');
  });

  it('never falls back to plaintext for want of a client certificate', () => {
    expect(tlsContext(socketOf({ mode: 'MUTUAL' }))).toBeDefined();
  });

  it('verifies the server by the roots of the system unless told not to', () => {
    const validation = (tls: ClientTlsSettings) =>
      tlsContext(socketOf(tls))?.commonTlsContext?.validationContextType.case;
    expect(validation({ mode: 'SIMPLE' })).toBe('combinedValidationContext');
    expect(validation({ mode: 'SIMPLE', insecureSkipVerify: true })).toBeUndefined();
  });
});

describe('translateOutboundClusters', () => {
  it('makes a cluster of each subset after that of the whole', () => {
    const destinationRule = aDestinationRule({ host: 'web', subsets: [{ name: 'v2' }, { name: 'v1' }] });
    const clusters = translateOutboundClusters({
      service: aService(),
      port: aPort(),
      destinationRule,
      serverMutualTls: 'PERMISSIVE',
      serviceAccounts,
      everyEndpointHasSidecar: true,
      settings,
    });
    expect(clusters.map(({ name }) => name)).toEqual([
      'outbound|80||web.default.svc.cluster.local',
      'outbound|80|v2|web.default.svc.cluster.local',
      'outbound|80|v1|web.default.svc.cluster.local',
    ]);
  });

  it('encodes whatever numbers and durations a rule has, and the same bytes each time', () => {
    const integer = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    const duration = fc.oneof(fc.constantFrom('0', '1ms', '1h30m', '-1s', 'soon', '9999999h'), fc.string());
    const policies: fc.Arbitrary<TrafficPolicy> = fc.record(
      {
        connectionPool: fc.record({
          tcp: fc.record({ maxConnections: integer, connectTimeout: duration, idleTimeout: duration }),
          http: fc.record({ maxRequestsPerConnection: integer, maxConcurrentStreams: integer, idleTimeout: duration }),
        }),
        outlierDetection: fc.record({
          consecutiveErrors: integer,
          maxEjectionPercent: integer,
          minHealthPercent: integer,
          interval: duration,
        }),
        loadBalancer: fc.record({
          consistentHash: fc.record({ maglev: fc.record({ tableSize: fc.nat() }) }),
          warmupDurationSecs: duration,
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(policies, fc.constantFrom('http', 'http2', 'tcp', 'auto'), (policy, protocol) => {
        const bytes = () => toBinary(ClusterSchema, translate({ port: aPort(protocol) }, policy));
        expect(bytes()).toEqual(bytes());
      }),
      { numRuns: 200 },
    );
  });
});
