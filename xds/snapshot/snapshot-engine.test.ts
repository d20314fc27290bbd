import { describe, expect, it, vi } from 'vitest';
import type { DestinationRule } from '../../crds/destination-rule.ts';
import type { Service as KubernetesService } from '../../lib/kube/types.ts';
import { recordingLogger } from '../../lib/logger.ts';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import type { Workload } from '../model/workload.ts';
import { MeshStore } from '../registry/mesh-store.ts';
import { SnapshotEngine } from './snapshot-engine.ts';

function proxy(namespace: string, address = '10.1.0.1', labels: Record<string, string> = {}): Workload {
  return {
    name: 'client',
    pod: `client-${address}`,
    namespace,
    serviceAccount: 'default',
    addresses: [address],
    labels,
    containerPorts: [],
  };
}

function service(name: string, namespace: string, exportTo = '*', index = 1): KubernetesService {
  return {
    metadata: { name, namespace, annotations: { 'networking.istio.io/exportTo': exportTo } },
    spec: { clusterIP: `10.96.0.${index}`, ports: [{ name: 'http', port: 80 }], selector: { app: name } },
  };
}

function start() {
  const logger = recordingLogger();
  const store = new MeshStore(defaultMeshSettings);
  return { store, logger, engine: new SnapshotEngine(store, logger) };
}

describe('a snapshot engine', () => {
  it('tells those whom a change concerns, and nobody else', () => {
    const { store, engine } = start();
    const [inA, inB] = [vi.fn(), vi.fn()];
    engine.open(proxy('a'), inA);
    engine.open(proxy('b', '10.1.0.2'), inB);
    store.setService(service('own', 'a', '.'));
    engine.refresh();
    expect([inA.mock.calls.length, inB.mock.calls.length]).toEqual([1, 0]);
    store.setService(service('all', 'a', '*', 2));
    engine.refresh();
    expect([inA.mock.calls.length, inB.mock.calls.length]).toEqual([2, 1]);
    store.setService(service('hidden', 'c', '~', 3));
    engine.refresh();
    engine.refresh();
    expect([inA.mock.calls.length, inB.mock.calls.length]).toEqual([2, 1]);
  });

  it('holds once what is the same for several, and works it out once', () => {
    const { store, engine } = start();
    store.setService(service('web', 'shop'));
    const one = engine.open(proxy('a'), () => undefined);
    const two = engine.open(proxy('a', '10.1.0.2'), () => undefined);
    const three = engine.open(proxy('b', '10.1.0.3'), () => undefined);
    expect(two.visible('cluster').shared).toBe(one.visible('cluster').shared);
    const [here, there] = [one, three].map((it) => [...it.visible('cluster').shared.values()]);
    expect(here).toHaveLength(1);
    expect(there?.[0]).toBe(here?.[0]);
    const before = engine.computed;
    engine.open(proxy('c', '10.1.0.4'), () => undefined);
    expect(engine.computed - before).toBe(0);
    store.setService(service('other', 'shop', '*', 2));
    engine.refresh();
    const { shared } = one.visible('cluster');
    expect(shared.size).toBe(2);
    expect(three.visible('cluster').shared.everything()).toBe(shared.everything());
  });

  it('works out nothing for a change that nobody reads, and little for one that everybody does', () => {
    const { store, engine } = start();
    for (let index = 1; index <= 50; index++) store.setService(service(`s${index}`, 'shop', '*', index));
    engine.open(proxy('a'), () => undefined);
    engine.open(proxy('b', '10.1.0.2'), () => undefined);
    const before = engine.computed;
    store.setService(service('hidden', 'c', '~', 51));
    engine.refresh();
    expect(engine.computed - before).toBe(0);
    store.setEndpointSlice({
      metadata: { name: 's1-x', namespace: 'shop', labels: { 'kubernetes.io/service-name': 's1' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.0.9'] }],
      ports: [{ name: 'http', port: 80 }],
    });
    engine.refresh();
    // The endpoints, whose identities they have, and the host that holds them: for both namespaces together.
    expect(engine.computed - before).toBe(3);
  });

  it('goes on serving a namespace whose earlier proxy is closed more than once', () => {
    const { store, engine } = start();
    const onChange = vi.fn();
    const first = engine.open(proxy('a'), () => undefined);
    first.close();
    engine.open(proxy('a', '10.1.0.2'), onChange);
    first.close();
    store.setService(service('web', 'shop'));
    engine.refresh();
    expect(onChange).toHaveBeenCalledOnce();
  });

  it('tells the others when one fails to take its change in', () => {
    const { store, engine, logger } = start();
    const onChange = vi.fn();
    engine.open(proxy('a'), () => {
      throw new Error('the stream is broken');
    });
    engine.open(proxy('a', '10.1.0.2'), onChange);
    store.setService(service('web', 'shop'));
    engine.refresh();
    expect(onChange).toHaveBeenCalledOnce();
    expect(logger.entries).toContainEqual(expect.objectContaining({ level: 'error' }));
  });

  it('keeps what it has for those whose configuration cannot be worked out', () => {
    const { store, engine, logger } = start();
    store.setService(service('web', 'shop'));
    const snapshot = engine.open(proxy('a'), () => undefined);
    const versions = (): string[] => [...snapshot.visible('cluster').shared.values()].map(({ version }) => version);
    const before = versions();
    const broken = {
      metadata: { name: 'd', namespace: 'a' },
      spec: {
        host: 'web.shop.svc.cluster.local',
        trafficPolicy: { connectionPool: { tcp: { maxConnections: 'many' } } },
      },
    } as unknown as DestinationRule;
    store.setRule('DestinationRule', broken);
    engine.refresh();
    expect(versions()).toEqual(before);
    expect(logger.entries.some(({ level }) => level === 'error')).toBe(true);
    store.deleteRule('DestinationRule', broken.metadata);
    store.setService(service('other', 'shop', '*', 2));
    engine.refresh();
    expect(snapshot.visible('cluster').shared.size).toBe(2);
  });

  it('follows a pod whose labels put it into another view', () => {
    const { store, engine } = start();
    const onChange = vi.fn();
    store.setService(service('web', 'a'));
    const rule: DestinationRule = {
      apiVersion: 'networking.istio.io/v1',
      kind: 'DestinationRule',
      metadata: { name: 'd', namespace: 'a' },
      spec: {
        host: 'web',
        workloadSelector: { matchLabels: { tier: 'gold' } },
        subsets: [{ name: 'v1', labels: { version: 'v1' } }],
      },
    };
    store.setRule('DestinationRule', rule);
    const snapshot = engine.open(proxy('a', '10.1.0.1', { tier: 'tin' }), onChange);
    expect(snapshot.visible('cluster').shared.size).toBe(1);
    store.setPod({
      metadata: { name: 'client-1', namespace: 'a', labels: { tier: 'gold' } },
      status: { podIP: '10.1.0.1' },
    });
    engine.refresh();
    expect(onChange).toHaveBeenCalledOnce();
    expect(snapshot.visible('cluster').shared.size).toBe(2);
  });

  it('says what is wrong as soon as somebody sees it, once', () => {
    const { store, engine, logger } = start();
    store.setService({
      metadata: { name: 'web', namespace: 'a' },
      spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 15001 }] },
    });
    engine.refresh();
    expect(engine.problems).toEqual([]);
    const snapshot = engine.open(proxy('a'), () => undefined);
    expect(engine.problems).toMatchObject([{ object: 'Service/a/web' }]);
    engine.refresh();
    expect(logger.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
    snapshot.close();
    engine.refresh();
    expect(engine.problems).toEqual([]);
  });
});
