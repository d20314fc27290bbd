import { describe, expect, it } from 'vitest';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { EndpointSlice, Pod, Service as KubernetesService } from '../../lib/kube/types.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { MeshChange } from '../model/mesh.ts';
import { aDestinationRule, aPeerAuthentication } from '../model/model-testing.ts';
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
  const store = new MeshStore(defaultMeshSettings);
  store.onChange((change) => changes.push(change));
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
      { question: 'service', about: host },
      { question: 'servicesSelecting', about: 'shop|app=web' },
      { question: 'endpoints', about: host },
      { question: 'hostsAt', about: '10.1.0.1' },
      { question: 'workload', about: '10.1.0.1' },
      { question: 'endpoints', about: host },
      { question: 'virtualServices', about: host },
      { question: 'virtualServices', about: host },
    ]);
  });

  it('is silent, and keeps its objects, where an update says nothing new', () => {
    const { store, changes } = newStore();
    store.setService(service);
    store.setEndpointSlice(slice);
    store.setPod(pod);
    store.setRule('VirtualService', rule);
    const answers = () => [store.service(host), store.endpoints(host), ...store.virtualServices(host).naming];
    const before = answers();
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
    const after = answers();
    expect(after).toHaveLength(3);
    for (const [position, object] of before.entries()) expect(after[position]).toBe(object);
  });

  it('finds the workload of an endpoint that was seen before its pod', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    expect(store.endpoints(host)[0]).not.toHaveProperty('serviceAccount');
    store.setPod(pod);
    expect(store.endpoints(host)[0]).toMatchObject({ serviceAccount: 'web', labels: { app: 'web' } });
    store.deletePod(pod.metadata);
    expect(store.endpoints(host)[0]).not.toHaveProperty('serviceAccount');
  });

  it('moves a slice to the service that its label names now', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    store.setEndpointSlice({
      ...slice,
      metadata: { ...slice.metadata, labels: { 'kubernetes.io/service-name': 'other' } },
    });
    expect(store.endpoints(host)).toEqual([]);
    expect(store.endpoints('other.shop.svc.cluster.local')).toHaveLength(1);
    expect(store.hostsAt('10.1.0.1')).toEqual(['other.shop.svc.cluster.local']);
    store.setEndpointSlice({ ...slice, metadata: { name: 'web-x', namespace: 'shop' } });
    expect(store.endpoints('other.shop.svc.cluster.local')).toEqual([]);
    expect(store.hostsAt('10.1.0.1')).toEqual([]);
  });

  it('names services anew when the domain of the cluster changes', () => {
    const { store } = newStore();
    store.setService(service);
    store.setEndpointSlice(slice);
    store.setSettings({ ...defaultMeshSettings, clusterDomain: 'other.local' });
    expect([...store.hosts()]).toEqual(['web.shop.svc.other.local']);
    expect(store.service(host)).toBeUndefined();
    expect(store.endpoints(host)).toEqual([]);
    expect(store.service('web.shop.svc.other.local')).toMatchObject({ hostname: 'web.shop.svc.other.local' });
    expect(store.endpoints('web.shop.svc.other.local')).toHaveLength(1);
    expect(store.hostsAt('10.1.0.1')).toEqual(['web.shop.svc.other.local']);
  });

  it('follows where nodes are', () => {
    const { store } = newStore();
    store.setEndpointSlice(slice);
    const labels = { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' };
    store.setNode({ metadata: { name: 'n1', labels } });
    expect(store.endpoints(host)[0]?.locality).toEqual({ region: 'r', zone: 'z' });
    store.deleteNode({ name: 'n1' });
    expect(store.endpoints(host)[0]).not.toHaveProperty('locality');
  });

  it('takes a rule that lost its spec for no rule', () => {
    const { store } = newStore();
    store.setRule('VirtualService', rule);
    const { spec: _gone, ...empty } = rule;
    store.setRule('VirtualService', empty as VirtualService);
    expect(store.virtualServices(host).naming).toEqual([]);
    expect(store.virtualServiceCount).toBe(0);
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
    expect(store.virtualServices(host).naming.map(({ metadata }) => metadata.name)).toEqual(['b', 'a', 'c']);
  });

  it('completes the hosts of rules anew when the domain of the cluster changes', () => {
    const { store } = newStore();
    store.setRule('VirtualService', rule);
    store.setRule('DestinationRule', aDestinationRule({ host: 'web' }, { namespace: 'shop' }));
    expect(store.destinationRules(host)).toHaveLength(1);
    store.setSettings({ ...defaultMeshSettings, clusterDomain: 'other.local' });
    expect([...store.hosts()]).toEqual(['web.shop.svc.other.local']);
    expect(store.virtualServices('web.shop.svc.other.local').naming).toHaveLength(1);
    expect(store.destinationRules('web.shop.svc.other.local')).toHaveLength(1);
  });
});

describe('what is told of a change', () => {
  const about = (changes: readonly MeshChange[], question: MeshChange['question']) =>
    changes.filter((change) => change.question === question).map((change) => change.about);

  it('is told to every listener, once the new state is there', () => {
    const { store, changes } = newStore();
    const seen: unknown[] = [];
    store.onChange((change) => seen.push([change.question, store.service(host)?.hostname]));
    store.setService(service);
    expect(changes).toHaveLength(2);
    expect(seen).toEqual([
      ['service', host],
      ['servicesSelecting', host],
    ]);
  });

  it('names the wildcard, where a rule has one, in place of the hosts that it covers', () => {
    const { store, changes } = newStore();
    store.setService(service);
    changes.length = 0;
    store.setRule('VirtualService', { ...rule, spec: { hosts: ['*.shop.svc.cluster.local'] } });
    store.setRule('DestinationRule', aDestinationRule({ host: '*.cluster.local' }));
    expect(about(changes, 'virtualServices')).toContain('*.shop.svc.cluster.local');
    expect(about(changes, 'destinationRules')).toEqual(['*.cluster.local']);
    expect(store.virtualServices(host).covering).toHaveLength(1);
    expect(store.destinationRules(host)).toHaveLength(1);
  });

  it('names the hosts that a rule was about as well as those that it is about', () => {
    const { store, changes } = newStore();
    store.setRule('DestinationRule', aDestinationRule({ host: 'a.example.com' }));
    store.setRule('VirtualService', { ...rule, spec: { hosts: ['a.example.com'] } });
    changes.length = 0;
    store.setRule('DestinationRule', aDestinationRule({ host: 'b.example.com' }));
    store.setRule('VirtualService', { ...rule, spec: { hosts: ['b.example.com'] } });
    expect(about(changes, 'destinationRules')).toEqual(['a.example.com', 'b.example.com']);
    expect(about(changes, 'virtualServices')).toEqual(['a.example.com', 'b.example.com']);
  });

  it('names the hosts of a VirtualService whose delegate changes', () => {
    const { store, changes } = newStore();
    store.setRule('VirtualService', { ...rule, spec: { hosts: ['web'], http: [{ delegate: { name: 'leaf' } }] } });
    changes.length = 0;
    store.setRule('VirtualService', { ...rule, metadata: { name: 'leaf', namespace: 'shop' }, spec: { http: [{}] } });
    expect(about(changes, 'virtualServices')).toEqual([host]);
  });

  it.each(['web.shop', 'web.shop.svc', `${host}.`, `*.${host}`, '*.web', '10.96.0.1'])(
    'names the service that %s is another name or an address of',
    (name) => {
      const { store, changes } = newStore();
      store.setService(service);
      changes.length = 0;
      store.setRule('VirtualService', { ...rule, spec: { hosts: [name] } });
      expect(about(changes, 'virtualServices')).toEqual([name, host]);
    },
  );

  it('names all services of an address when one of them changes', () => {
    const { store, changes } = newStore();
    const forged = { ...service, metadata: { name: 'forged', namespace: 'shop' } };
    store.setService(service);
    store.setService(forged);
    expect(store.servicesAt('10.96.0.1').map(({ name }) => name)).toEqual(['forged', 'web']);
    changes.length = 0;
    store.deleteService(forged.metadata);
    expect(about(changes, 'service')).toEqual(['forged.shop.svc.cluster.local', host]);
  });

  it('names the namespace of a policy, which is that of the whole mesh for the root namespace', () => {
    const { store, changes } = newStore();
    store.setRule('PeerAuthentication', aPeerAuthentication({}, { namespace: 'shop' }));
    store.setRule('PeerAuthentication', aPeerAuthentication({}, { namespace: 'istio-system' }));
    expect(about(changes, 'peerAuthentications')).toEqual(['shop', 'istio-system']);
    expect(store.peerAuthentications('shop')).toHaveLength(2);
    expect(store.peerAuthentications('other')).toHaveLength(1);
  });

  it('says that clients are told apart by other traits only when they are', () => {
    const { store, changes } = newStore();
    const selecting = { host: 'web', workloadSelector: { matchLabels: { app: 'a' } } };
    store.setRule('DestinationRule', aDestinationRule(selecting));
    expect(about(changes, 'clientTraits')).toEqual(['']);
    store.setRule('DestinationRule', aDestinationRule(selecting, { name: 'same' }));
    store.setRule('DestinationRule', aDestinationRule({ host: 'web' }, { name: 'plain' }));
    expect(about(changes, 'clientTraits')).toEqual(['']);
    store.deleteRule('DestinationRule', { name: 'rule', namespace: 'default' });
    expect(about(changes, 'clientTraits')).toEqual(['']);
    store.deleteRule('DestinationRule', { name: 'same', namespace: 'default' });
    expect(about(changes, 'clientTraits')).toEqual(['', '']);
    expect(store.clientTraits()).toEqual({ labelTests: [], placing: [] });
  });

  it('is a change of the settings where the first service with an IPv6 address comes', () => {
    const { store, changes } = newStore();
    store.setService(service);
    expect(store.serviceFamilies).toEqual({ ipv4: true, ipv6: false });
    changes.length = 0;
    store.setService({ ...service, spec: { ...service.spec, clusterIPs: ['10.96.0.1', 'fd00::1'] } });
    expect(store.serviceFamilies).toEqual({ ipv4: true, ipv6: true });
    expect(about(changes, 'settings')).toEqual(['']);
  });

  it('is nothing of a node that no endpoint is on but where it is', () => {
    const { store, changes } = newStore();
    store.setEndpointSlice(slice);
    changes.length = 0;
    const labels = { 'topology.kubernetes.io/region': 'r', 'topology.kubernetes.io/zone': 'z' };
    store.setNode({ metadata: { name: 'n2', labels } });
    expect(changes).toEqual([{ question: 'locality', about: 'n2' }]);
    changes.length = 0;
    store.setNode({ metadata: { name: 'n1', labels } });
    expect(changes).toEqual([
      { question: 'locality', about: 'n1' },
      { question: 'endpoints', about: host },
    ]);
  });
});
