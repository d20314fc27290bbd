import { describe, expect, it } from 'vitest';
import type { PeerAuthentication } from '../../crds/peer-authentication.ts';
import type { EndpointSlice, Service as KubernetesService } from '../../lib/kube/types.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Workload } from '../model/workload.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import { inboundPortsOf } from './inbound-ports.ts';

const workload: Workload = {
  name: 'web',
  pod: 'web-1',
  namespace: 'shop',
  serviceAccount: 'web',
  addresses: ['10.1.0.1'],
  labels: { app: 'web' },
  containerPorts: [{ name: 'api', port: 9090 }],
};

function service(
  name: string,
  spec: NonNullable<KubernetesService['spec']>,
  createdAt = '2026-01-01',
): KubernetesService {
  return {
    metadata: { name, namespace: 'shop', creationTimestamp: createdAt },
    spec: { clusterIP: '10.96.0.1', ...spec },
  };
}

function portsOf(services: readonly KubernetesService[], fill: (store: MeshStore) => void = () => undefined) {
  const store = new MeshStore(defaultMeshSettings);
  for (const one of services) store.setService(one);
  fill(store);
  return inboundPortsOf(store, workload);
}

describe('the inbound ports of a workload', () => {
  it('are the target ports of the services that select it, by number', () => {
    const found = portsOf([
      service('web', {
        selector: { app: 'web' },
        ports: [
          { name: 'http', port: 80, targetPort: 8080 },
          { name: 'grpc', port: 90, targetPort: 'api' },
          { name: 'tcp', port: 7 },
          { name: 'nowhere', port: 8, targetPort: 'unknown' },
        ],
      }),
      service('other', { selector: { app: 'other' }, ports: [{ name: 'http', port: 81 }] }),
      service('nobody', { ports: [{ name: 'http', port: 82 }] }),
    ]);
    expect(found.map(({ port, protocol }) => [port, protocol])).toEqual([
      [7, 'tcp'],
      [8080, 'http'],
      [9090, 'grpc'],
    ]);
  });

  it('are also those of a service without selector that has an endpoint at its address', () => {
    const slice: EndpointSlice = {
      metadata: { name: 'x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'manual' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.1'] }],
      ports: [{ name: 'http', port: 8888 }],
    };
    const found = portsOf([service('manual', { ports: [{ name: 'http', port: 80 }] })], (store) =>
      store.setEndpointSlice(slice),
    );
    expect(found.map(({ port }) => port)).toEqual([8888]);
  });

  it('belong to the oldest of several services', () => {
    const spec = { selector: { app: 'web' }, ports: [{ name: 'tcp', port: 80, targetPort: 8080 }] };
    const young = service('a-young', spec, '2026-02-01');
    const old = service('b-old', { ...spec, ports: [{ name: 'http', port: 80, targetPort: 8080 }] }, '2026-01-01');
    for (const services of [
      [young, old],
      [old, young],
    ]) {
      expect(portsOf(services).map(({ service: { name }, protocol }) => [name, protocol])).toEqual([['b-old', 'http']]);
    }
  });

  it('know what PeerAuthentication says of each of them', () => {
    const policy: PeerAuthentication = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        mtls: { mode: 'STRICT' },
        portLevelMtls: { '7': { mode: 'DISABLE' } },
      },
    };
    const spec = { selector: { app: 'web' }, ports: [{ port: 7 }, { name: 'http', port: 80 }] };
    const found = portsOf([service('web', spec)], (store) => store.setRule('PeerAuthentication', policy));
    expect(found.map(({ port, mutualTls }) => [port, mutualTls])).toEqual([
      [7, 'DISABLE'],
      [80, 'STRICT'],
    ]);
  });
});
