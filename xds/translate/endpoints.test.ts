import { describe, expect, it } from 'vitest';
import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import { HealthStatus } from '../envoy/gen/envoy/config/core/v3/health_check_pb.js';
import type { ClusterLoadAssignment } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import type { Endpoint } from '../model/endpoint.ts';
import type { ClientPlace } from './locality.ts';
import { dependsOnClientPlace } from '../model/client-place.ts';
import { translateEndpoints } from './endpoints.ts';
import { aPort, anEndpoint } from '../model/model-testing.ts';

function translate(endpoints: readonly Endpoint[], trafficPolicy?: TrafficPolicy, client?: ClientPlace) {
  return translateEndpoints({
    clusterName: 'c',
    port: aPort(),
    endpoints,
    trafficPolicy,
    ...(client === undefined ? {} : { client }),
  });
}

/** `address` of each endpoint by group, with the group's priority and weight. */
function groups({ endpoints }: ClusterLoadAssignment) {
  return endpoints.map(({ priority, loadBalancingWeight, lbEndpoints }) => ({
    priority,
    weight: loadBalancingWeight,
    addresses: lbEndpoints.map(({ hostIdentifier }) =>
      hostIdentifier.case === 'endpoint' && hostIdentifier.value.address?.address.case === 'socketAddress'
        ? hostIdentifier.value.address.address.value.address
        : undefined,
    ),
  }));
}

const at = (address: string, region: string, zone: string) => anEndpoint({ address, locality: { region, zone } });

describe('translateEndpoints', () => {
  it('takes those of the port and of the subset', () => {
    const assignment = translateEndpoints({
      clusterName: 'c',
      port: aPort(),
      subsetLabels: { version: 'v1' },
      endpoints: [
        anEndpoint({ address: '10.0.0.1', labels: { version: 'v1', app: 'web' } }),
        anEndpoint({ address: '10.0.0.2', labels: { version: 'v2' } }),
        anEndpoint({ address: '10.0.0.3', labels: { version: 'v1' }, servicePort: 'other' }),
      ],
    });
    expect(groups(assignment)).toEqual([{ priority: 0, weight: 1, addresses: ['10.0.0.1'] }]);
  });

  it('does not depend on the order in which endpoints come', () => {
    const endpoints = [at('10.0.0.2', 'eu', 'b'), at('10.0.0.1', 'eu', 'a'), at('10.0.0.3', 'eu', 'a')];
    expect(groups(translate(endpoints))).toEqual(groups(translate(endpoints.toReversed())));
  });

  it('marks those that take mutual TLS', () => {
    const [group] = translate([anEndpoint(), anEndpoint({ address: '10.9.9.9', tlsMode: 'disabled' })]).endpoints;
    expect(group?.lbEndpoints.map(({ metadata }) => metadata?.filterMetadata)).toEqual([
      { 'envoy.transport_socket_match': { tlsMode: 'istio' } },
      undefined,
    ]);
  });

  it('leaves out the unhealthy, and lets draining ones serve as long as there is no other', () => {
    const draining = anEndpoint({ address: '10.0.0.2', health: 'draining' });
    const statuses = (endpoints: readonly Endpoint[]) =>
      translate(endpoints).endpoints.flatMap((group) => group.lbEndpoints.map(({ healthStatus }) => healthStatus));
    expect(statuses([anEndpoint(), draining, anEndpoint({ address: '10.0.0.3', health: 'unhealthy' })])).toEqual([
      HealthStatus.DRAINING,
      HealthStatus.HEALTHY,
    ]);
    expect(statuses([draining])).toEqual([HealthStatus.HEALTHY]);
  });
});

describe('preference by locality', () => {
  const endpoints = [
    at('10.0.0.1', 'eu', 'a'),
    at('10.0.0.2', 'eu', 'b'),
    at('10.0.0.3', 'us', 'a'),
    at('10.0.0.4', 'asia', 'a'),
  ];
  const client = { locality: { region: 'eu', zone: 'b' } };
  const byPriority = (policy: TrafficPolicy, place: ClientPlace = client) =>
    groups(translate(endpoints, policy, place)).map(({ priority, addresses }) => [priority, ...addresses]);

  it('needs outlier detection and a known place', () => {
    expect(byPriority({}).every(([priority]) => priority === 0)).toBe(true);
    expect(byPriority({ outlierDetection: {} }, {}).every(([priority]) => priority === 0)).toBe(true);
    expect(dependsOnClientPlace({})).toBe(false);
    expect(dependsOnClientPlace({ outlierDetection: {} })).toBe(true);
    expect(
      dependsOnClientPlace({ outlierDetection: {}, loadBalancer: { localityLbSetting: { enabled: false } } }),
    ).toBe(false);
  });

  it('puts zone before region before the rest', () => {
    expect(byPriority({ outlierDetection: {} })).toEqual([
      [0, '10.0.0.2'],
      [1, '10.0.0.1'],
      [2, '10.0.0.4'],
      [2, '10.0.0.3'],
    ]);
  });

  it('fails over to the region that the rule names first', () => {
    const failover = [{ from: 'eu', to: 'us' }];
    expect(byPriority({ outlierDetection: {}, loadBalancer: { localityLbSetting: { failover } } })).toEqual([
      [0, '10.0.0.2'],
      [1, '10.0.0.1'],
      [2, '10.0.0.3'],
      [3, '10.0.0.4'],
    ]);
  });

  it('ranks by labels in their order where the rule asks for it', () => {
    const failoverPriority = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone'];
    expect(byPriority({ outlierDetection: {}, loadBalancer: { localityLbSetting: { failoverPriority } } })).toEqual([
      [0, '10.0.0.2'],
      [1, '10.0.0.1'],
      [2, '10.0.0.4'],
      [2, '10.0.0.3'],
    ]);
  });

  it('distributes shares, leaving out localities that get none', () => {
    const distribute = [{ from: 'eu/*', to: { 'eu/a': 70, 'us/*': 30 } }];
    expect(groups(translate(endpoints, { loadBalancer: { localityLbSetting: { distribute } } }, client))).toEqual([
      { priority: 0, weight: 70, addresses: ['10.0.0.1'] },
      { priority: 0, weight: 30, addresses: ['10.0.0.3'] },
    ]);
  });
});
