import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../model/endpoint.ts';
import { aPort, aService, anEndpoint } from '../model/model-testing.ts';
import type { Service } from '../model/service.ts';
import { conflictProblem, goesBefore, httpListenerPlan, planOutboundListeners } from './outbound-plan.ts';

function plan(service: Service, endpoints: readonly Endpoint[] = []) {
  return planOutboundListeners({ service, endpoints, routesOf: () => [] });
}

describe('planOutboundListeners', () => {
  it('needs the shared listener of each HTTP port, once', () => {
    const service = aService({ ports: [aPort('http'), aPort('grpc', 90), { ...aPort('http2'), name: 'again' }] });
    expect(plan(service)).toEqual({ httpPorts: [80, 90], listeners: [], problems: [] });
  });

  it("puts TCP and sniffed ports at the service's own address", () => {
    const service = aService({ addresses: ['10.96.0.7'], ports: [aPort('tcp', 5432), aPort('auto', 7000)] });
    expect(plan(service).listeners).toMatchObject([
      { name: '10.96.0.7_5432', detection: 'tcp' },
      { name: '10.96.0.7_7000', detection: 'auto', routeName: 'web.default.svc.cluster.local:7000' },
    ]);
  });

  it('gives each pod of a headless service a listener, and none to other ports of theirs', () => {
    const service = aService({ kind: 'headless', addresses: [], ports: [aPort('tcp', 7000)] });
    const { listeners } = plan(service, [
      anEndpoint({ address: '10.244.0.6', servicePort: 'tcp' }),
      anEndpoint({ address: '10.244.0.5', servicePort: 'tcp' }),
      anEndpoint({ address: '10.244.0.4', servicePort: 'other' }),
    ]);
    expect(listeners.map(({ name }) => name)).toEqual(['10.244.0.5_7000', '10.244.0.6_7000']);
  });

  it("keeps off the sidecar's own ports", () => {
    const { httpPorts, problems } = plan(aService({ ports: [aPort('http', 15001)] }));
    expect(httpPorts).toEqual([]);
    expect(problems).toMatchObject([{ object: 'Service/default/web', path: 'spec.ports[0]' }]);
  });
});

describe('two services of one address and port', () => {
  const listenerOf = (service: Service) => {
    const [listener] = plan(service).listeners;
    if (listener === undefined) throw new Error('the service has no listener');
    return listener;
  };
  const old = listenerOf(aService({ name: 'old', ports: [aPort('tcp')], createdAt: '2025-01-01T00:00:00Z' }));
  const young = listenerOf(aService({ name: 'young', ports: [aPort('tcp')], createdAt: '2026-01-01T00:00:00Z' }));

  it('leave it to the older, and say so of the younger', () => {
    expect([goesBefore(old, young), goesBefore(young, old)]).toEqual([true, false]);
    const problem = conflictProblem(young, old);
    expect(problem).toMatchObject({ object: 'Service/default/young', path: 'spec.ports[0]' });
    expect(problem?.message).toContain('old.default.svc.cluster.local');
  });

  it('say nothing where pods belong to several headless services', () => {
    expect(conflictProblem({ ...young, service: { ...young.service, kind: 'headless' } }, old)).toBeUndefined();
  });
});

describe('httpListenerPlan', () => {
  it('listens on the families that the cluster has', () => {
    expect(httpListenerPlan(80, { ipv4: true, ipv6: false })).toEqual({
      kind: 'http',
      name: '0.0.0.0_80',
      addresses: ['0.0.0.0'],
      port: 80,
      routeName: '80',
    });
    expect(httpListenerPlan(80, { ipv4: true, ipv6: true }).addresses).toEqual(['0.0.0.0', '::']);
    expect(httpListenerPlan(80, { ipv4: false, ipv6: true }).name).toBe('[::]_80');
  });
});
