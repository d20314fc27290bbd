import type { DestinationRule, DestinationRuleSpec } from '../../crds/destination-rule.ts';
import type { PeerAuthentication, PeerAuthenticationSpec } from '../../crds/peer-authentication.ts';
import type { Endpoint } from './endpoint.ts';
import type { Protocol, Service, ServicePort } from './service.ts';

/** Parts of a mesh for tests: everything has a plain default, a test names what it is about. */
export function aService(over: Partial<Service> = {}): Service {
  const { name = 'web', namespace = 'default' } = over;
  return {
    hostname: `${name}.${namespace}.svc.cluster.local`,
    name,
    namespace,
    kind: 'cluster-ip',
    addresses: ['10.96.0.10'],
    ports: [aPort()],
    labels: {},
    selector: {},
    exportTo: ['*'],
    createdAt: '2026-01-01T00:00:00Z',
    ...over,
  };
}

export function aPort(protocol: Protocol = 'http', port = 80): ServicePort {
  return { name: protocol, port, targetPort: port, protocol };
}

export function anEndpoint(over: Partial<Endpoint> = {}): Endpoint {
  return {
    address: '10.244.0.5',
    port: 8080,
    servicePort: 'http',
    health: 'healthy',
    labels: {},
    namespace: 'default',
    tlsMode: 'istio',
    ...over,
  };
}

interface Place {
  readonly name?: string;
  readonly namespace?: string;
}

export function aDestinationRule(spec: DestinationRuleSpec, place: Place = {}): DestinationRule {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name: 'rule', namespace: 'default', ...place },
    spec,
  };
}

export function aPeerAuthentication(spec: PeerAuthenticationSpec, place: Place = {}): PeerAuthentication {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'policy', namespace: 'default', ...place },
    spec,
  };
}
