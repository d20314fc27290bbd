import { describe, expect, it } from 'vitest';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { EndpointSlice, Pod, Service as KubernetesService } from '../../lib/kube/types.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshChange } from './mesh-store.ts';
import { MeshStore } from './mesh-store.ts';

const host = 'web.shop.svc.cluster.local';
const service: KubernetesService = {
  metadata: { name: 'web', namespace: 'shop', resourceVersion: '1' },
  spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80, targetPort: 8080 }], selector: { app: 'web' } },
};
const slice: EndpointSlice = {
  metadata: { name: 'web-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.1.0.1'], nodeName: 'n1' }],
  ports: [{ name: 'http', port: 8080 }],
};
const pod: Pod = {
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web' } },
  spec: { serviceAccountName: 'web', containers: [] },
  status: { phase: 'Running', podIPs: [{ ip: '10.1.0.1' }] },
};
const rule: VirtualService = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'web', namespace: 'shop', resourceVersion: '1' },
  spec: { hosts: ['web'] },
};

function newStore() {
  const changes: MeshChange[] = [];
  const store = new MeshStore(defaultMeshSettings, (change) => changes.push(change));
  return { store, changes };
}

describe('a mesh that follows Kubernetes', () => {
  it('says what each change touched', () => {
    const { store, changes } = newStore();
    store.setService(service);
    store.setEndpointSlice(slice);
    store.setPod(pod);
    store.setRule('VirtualService', rule);
    store.deleteRule('VirtualService', rule.metadata);
    expect(changes).toEqual([
      { kind: 'service', host },
      { kind: 'endpoints', host },
      { kind: 'workload', addresses: ['10.1.0.1'] },
      { kind: 'endpoints', host },
      { kind: 'VirtualService', object: 'shop/web' },
      { kind: 'VirtualService', object: 'shop/web' },
    ]);
  });

  it('is silent, and keeps its objects, where an update says nothing new', () => {
    const { store, changes } = newStore();
    store.setService(service);
    store.setEndpointSlice(slice);
    store.setPod(pod);
    store.setRule('VirtualService', rule);
    const before = [store.services.get(host), store.endpoints.get(host), store.virtualServices];
    changes.length = 0;
    store.setService({ ...service, metadata: { ...service.metadata, resourceVersion: '2' } });
    store.setEndpointSlice({ ...slice, metadata: { ...slice.metadata, resourceVersion: '2' } });
    store.setPod({ ...pod, status: { ...pod.status, phase: 'Pending' } });
    const written = { ...rule, metadata: { ...rule.metadata, resourceVersion: '2', generation: 1 }, status: {} };
    store.setRule('VirtualService', written);
    store.deletePod({ name: 'unknown', namespace: 'shop' });
    store.deleteService({ name: 'unknown', namespace: 'shop' });
    store.deleteRule('VirtualService', { name: 'unknown', namespace: 'shop' });
    expect(changes).toEqual([]);
    const after = [store.services.get(host), store.endpoints.get(host), store.virtualServices];
    for (const [position, object] of before.entries()) expect(after[position]).toBe(object);
  });

  it('finds the workload of an endpoint that was seen before its pod', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    expect(store.endpoints.get(host)?.[0]).not.toHaveProperty('serviceAccount');
    store.setPod(pod);
    expect(store.endpoints.get(host)?.[0]).toMatchObject({ serviceAccount: 'web', labels: { app: 'web' } });
    store.deletePod(pod.metadata);
    expect(store.endpoints.get(host)?.[0]).not.toHaveProperty('serviceAccount');
  });

  it('moves a slice to the service that its label names now', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    store.setEndpointSlice({
      ...slice,
      metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'other' } },
    });
    expect([...store.endpoints.keys()]).toEqual(['other.shop.svc.cluster.local']);
    expect(store.hostsAt('10.1.0.1')).toEqual(['other.shop.svc.cluster.local']);
    store.setEndpointSlice({ ...slice, metadata: { name: 'web-x', namespace: 'shop' } });
    expect(store.endpoints.size).toBe(0);
    expect(store.hostsAt('10.1.0.1')).toEqual([]);
  });

  it('names services anew when the domain of the cluster changes', () => {
    const { store } = newStore();
    store.setService(service);
    store.setEndpointSlice(slice);
    store.setSettings({ ...defaultMeshSettings, clusterDomain: 'other.local' });
    expect([...store.services.keys()]).toEqual(['web.shop.svc.other.local']);
    expect([...store.endpoints.keys()]).toEqual(['web.shop.svc.other.local']);
  });

  it('follows where nodes are', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    const labels = { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' };
    store.setNode({ metadata: { name: 'n1', labels } });
    expect(store.endpoints.get(host)?.[0]?.locality).toEqual({ region: 'r', zone: 'z' });
    store.deleteNode({ name: 'n1' });
    expect(store.endpoints.get(host)?.[0]).not.toHaveProperty('locality');
  });

  it('takes a rule that lost its spec for no rule', () => {
    const { store } = newStore();
    store.setRule('VirtualService', rule);
    const { spec: _gone, ...empty } = rule;
    store.setRule('VirtualService', empty as VirtualService);
    expect(store.virtualServices).toEqual([]);
  });

  it('has the oldest rule first, then goes by name', () => {
    const { store } = newStore();
    const named = (name: string, creationTimestamp: string): VirtualService => ({
      ...rule,
      metadata: { name, namespace: 'shop', creationTimestamp },
    });
    store.setRule('VirtualService', named('c', '2026-01-02T00:00:00Z'));
    store.setRule('VirtualService', named('b', '2026-01-01T00:00:00Z'));
    store.setRule('VirtualService', named('a', '2026-01-02T00:00:00Z'));
    expect(store.virtualServices.map(({ metadata }) => metadata.name)).toEqual(['b', 'a', 'c']);
  });
});
