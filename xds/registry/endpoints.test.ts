import { describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../../lib/kube/types.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { Workload } from '../model/workload.ts';
import type { EndpointContext } from './endpoints.ts';
import { endpointsFromSlice, sortedEndpoints } from './endpoints.ts';

const workload: Workload = {
  name: 'web',
  pod: 'web-1',
  namespace: 'shop',
  serviceAccount: 'web',
  addresses: ['10.1.0.1'],
  labels: { app: 'web', 'security.istio.io/tlsMode': 'istio' },
  containerPorts: [],
};
const nobody: EndpointContext = {
  workloadOf: () => undefined,
  workloadAt: () => undefined,
  localityOf: () => undefined,
  publishNotReady: false,
};

function slice(fields: Partial<EndpointSlice>): EndpointSlice {
  return {
    metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'] }],
    ports: [{ name: 'http', port: 8080 }],
    ...fields,
  };
}

describe('the endpoints of a slice', () => {
  it('are one for each address and TCP port', () => {
    const read = endpointsFromSlice(
      slice({
        endpoints: [{ addresses: ['10.1.0.1'] }, { addresses: ['10.1.0.2'] }],
        ports: [
          { name: 'http', port: 8080 },
          { name: 'dns', port: 53, protocol: 'UDP' },
          { port: 9000, protocol: 'TCP' },
          { name: 'all' },
        ],
      }),
      nobody,
    );
    expect(read.map(({ address, servicePort, port }) => `${servicePort}@${address}:${port}`)).toEqual([
      'http@10.1.0.1:8080',
      '@10.1.0.1:9000',
      'http@10.1.0.2:8080',
      '@10.1.0.2:9000',
    ]);
  });

  it('are none of names', () => {
    expect(endpointsFromSlice(slice({ addressType: 'FQDN' }), nobody)).toEqual([]);
  });

  it('carry what is known of the workload at their address', () => {
    const [endpoint] = endpointsFromSlice(slice({}), { ...nobody, workloadAt: () => workload });
    expect(endpoint).toMatchObject({
      labels: workload.labels,
      serviceAccount: 'web',
      pod: 'web-1',
      workload: 'web',
      tlsMode: 'istio',
    });
  });

  it('take nothing from a pod of another namespace that has the address by now', () => {
    const foreign = { ...workload, namespace: 'other' };
    const [endpoint] = endpointsFromSlice(slice({}), { ...nobody, workloadAt: () => foreign });
    expect(endpoint).toMatchObject({ labels: {}, tlsMode: 'disabled' });
    expect(endpoint).not.toHaveProperty('serviceAccount');
  });

  describe('that stand for a pod', () => {
    const ofPod = slice({ endpoints: [{ addresses: ['10.1.0.1'], targetRef: { kind: 'Pod', name: 'web-1' } }] });
    const knowing = (known: Workload): EndpointContext => ({
      ...nobody,
      workloadOf: (pod) => (pod === 'shop/web-1' ? known : undefined),
    });

    it('carry what is known of it, whoever else has its address', () => {
      const other = { ...workload, pod: 'web-0', labels: {} };
      const [endpoint] = endpointsFromSlice(ofPod, { ...knowing(workload), workloadAt: () => other });
      expect(endpoint).toMatchObject({ labels: workload.labels, pod: 'web-1', tlsMode: 'istio' });
    });

    it('wait until the pod is known, rather than take it for one without a sidecar', () => {
      expect(endpointsFromSlice(ofPod, nobody)).toEqual([]);
    });

    it('wait until the pod is known to be at their address', () => {
      expect(endpointsFromSlice(ofPod, knowing({ ...workload, addresses: ['10.1.0.9'] }))).toEqual([]);
    });

    it("have the labels of a pod on the host's network", () => {
      const [endpoint] = endpointsFromSlice(ofPod, knowing({ ...workload, addresses: [] }));
      expect(endpoint).toMatchObject({ labels: workload.labels, pod: 'web-1' });
    });

    it('are of a pod of their own namespace, whatever they say', () => {
      const targetRef = { kind: 'Pod', namespace: 'other', name: 'web-1' };
      const [endpoint] = endpointsFromSlice(
        slice({ endpoints: [{ addresses: ['10.1.0.1'], targetRef }] }),
        knowing(workload),
      );
      expect(endpoint).toMatchObject({ namespace: 'shop', pod: 'web-1' });
    });
  });

  it('know where their node is', () => {
    const locality = { region: 'north', zone: 'north-1' };
    const localityOf = (node: string) => (node === 'n1' ? locality : undefined);
    const endpoints = [
      { addresses: ['10.1.0.1'], nodeName: 'n1' },
      { addresses: ['10.1.0.2'], nodeName: 'n2' },
    ];
    const read = endpointsFromSlice(slice({ endpoints }), { ...nobody, localityOf });
    expect(read.map((endpoint) => endpoint.locality)).toEqual([locality, undefined]);
  });

  it.each([
    [{}, false, 'healthy'],
    [{ ready: true }, false, 'healthy'],
    [{ ready: false }, false, 'unhealthy'],
    [{ ready: false }, true, 'healthy'],
    [{ ready: false, serving: true, terminating: true }, false, 'draining'],
    [{ ready: false, serving: true, terminating: true }, true, 'draining'],
    [{ ready: false, serving: false, terminating: true }, false, 'unhealthy'],
  ] as const)('with conditions %j (not ready published: %s) are %s', (conditions, publishNotReady, health) => {
    const endpoints = [{ addresses: ['10.1.0.1'], conditions }];
    expect(endpointsFromSlice(slice({ endpoints }), { ...nobody, publishNotReady })[0]?.health).toBe(health);
  });
});

describe('sorted endpoints', () => {
  const endpoint = (address: string, health: Endpoint['health'] = 'healthy'): Endpoint => ({
    address,
    port: 8080,
    servicePort: 'http',
    health,
    labels: {},
    namespace: 'shop',
    tlsMode: 'disabled',
  });

  it('are the same in whatever order they came', () => {
    const some = [endpoint('10.1.0.2'), endpoint('10.1.0.1'), endpoint('10.1.0.3')];
    expect(sortedEndpoints(some)).toEqual(sortedEndpoints(some.toReversed()));
  });

  it('hold an address of two slices once, the healthiest', () => {
    const both = [endpoint('10.1.0.1', 'unhealthy'), endpoint('10.1.0.1', 'healthy'), endpoint('10.1.0.1', 'draining')];
    expect(sortedEndpoints(both)).toEqual([endpoint('10.1.0.1', 'healthy')]);
    expect(sortedEndpoints(both.toReversed())).toEqual([endpoint('10.1.0.1', 'healthy')]);
  });
});
