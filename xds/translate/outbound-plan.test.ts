import { describe, expect, it } from 'vitest';
import type { Service } from '../model/service.ts';
import { aPort, aService, anEndpoint } from '../model/model-testing.ts';
import { planOutboundListeners } from './outbound-plan.ts';

const routesOf = () => [];
const names = (services: readonly Service[]) =>
  planOutboundListeners({ services, routesOf }).listeners.map(({ name }) => name);

describe('planOutboundListeners', () => {
  it('shares one listener among the HTTP ports of a number', () => {
    const services = [aService({ name: 'a', ports: [aPort('http')] }), aService({ name: 'b', ports: [aPort('grpc')] })];
    expect(planOutboundListeners({ services, routesOf }).listeners).toEqual([
      { kind: 'http', name: '0.0.0.0_80', addresses: ['0.0.0.0'], port: 80, routeName: '80' },
    ]);
  });

  it("puts TCP and sniffed ports at the service's own address", () => {
    const service = aService({ addresses: ['10.96.0.7'], ports: [aPort('tcp', 5432), aPort('auto', 7000)] });
    expect(planOutboundListeners({ services: [service], routesOf }).listeners).toMatchObject([
      { name: '10.96.0.7_5432', detection: 'tcp' },
      { name: '10.96.0.7_7000', detection: 'auto', routeName: 'web.default.svc.cluster.local:7000' },
    ]);
  });

  it('gives each pod of a headless service a listener, and none to other ports of theirs', () => {
    const service = aService({ kind: 'headless', addresses: [], ports: [aPort('tcp', 7000)] });
    const endpointsOf = () => [
      anEndpoint({ address: '10.244.0.6', servicePort: 'tcp' }),
      anEndpoint({ address: '10.244.0.5', servicePort: 'tcp' }),
      anEndpoint({ address: '10.244.0.4', servicePort: 'other' }),
    ];
    const { listeners } = planOutboundListeners({ services: [service], endpointsOf, routesOf });
    expect(listeners.map(({ name }) => name)).toEqual(['10.244.0.5_7000', '10.244.0.6_7000']);
  });

  it('lets the older of two services have an address, whatever their order, and says so of the younger', () => {
    const old = aService({ name: 'old', ports: [aPort('tcp')], createdAt: '2025-01-01T00:00:00Z' });
    const young = aService({ name: 'young', ports: [aPort('tcp')], createdAt: '2026-01-01T00:00:00Z' });
    for (const services of [
      [old, young],
      [young, old],
    ]) {
      const { listeners, problems } = planOutboundListeners({ services, routesOf });
      expect(listeners).toMatchObject([{ service: { name: 'old' } }]);
      expect(problems).toMatchObject([{ object: 'Service/default/young', path: 'spec.ports[0]' }]);
    }
  });

  it("keeps off the sidecar's own ports", () => {
    const { listeners, problems } = planOutboundListeners({
      services: [aService({ ports: [aPort('http', 15001)] })],
      routesOf,
    });
    expect(listeners).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  it('listens on the families that the cluster has', () => {
    expect(names([aService({ addresses: ['fd00::10'] })])).toEqual(['[::]_80']);
    const { listeners } = planOutboundListeners({
      services: [aService({ addresses: ['10.96.0.10', 'fd00::10'] })],
      routesOf,
    });
    expect(listeners).toMatchObject([{ name: '0.0.0.0_80', addresses: ['0.0.0.0', '::'] }]);
  });
});
