import { describe, expect, it } from 'vitest';
import { pods } from '../../lib/kube/resources.ts';
import type { Pod } from '../../lib/kube/types.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { fakeApi } from '../fake-api.testing.ts';
import type { FetchPage } from './fetch-page.ts';
import { inParallel } from './fetch-page.ts';
import type { MeasureContext } from './measure.ts';
import { measure } from './measure.ts';

const cart = { namespace: 'shop', kind: 'Deployment', name: 'cart' } as const;

function sidecarPod(name: string, address: string, revision: string, status: Pod['status'] = {}): Pod {
  return {
    metadata: {
      name,
      namespace: 'shop',
      labels: { app: 'cart', 'security.istio.io/tlsMode': 'istio', 'pod-template-hash': 'abc' },
      annotations: { 'istio.io/rev': revision, 'meltemi.dev/revision': revision },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-abc', uid: 'x', controller: true }],
    },
    status: { phase: 'Running', podIP: address, ...status },
  };
}

function counters(requests: number, failures: number, rejections = 0): string {
  return [
    `envoy_http_downstream_rq{response_code_class="2xx"} ${String(requests - failures)}`,
    `envoy_http_downstream_rq{response_code_class="5xx"} ${String(failures)}`,
    `envoy_listener_manager_lds_update_rejected{} ${String(rejections)}`,
  ].join('\n');
}

function context(api: FakeApi, pages: Readonly<Record<string, string>>): MeasureContext {
  const page: FetchPage = (address, port) => Promise.resolve(pages[`${address}:${String(port)}`]);
  return {
    client: api,
    fetchPage: page,
    now: () => new Date('2026-03-02T10:00:00Z'),
    istiodPods: () => [{ metadata: { name: 'istiod-1' }, status: { podIP: '10.0.0.9' } }],
    proxies: () => ({ connected: 2, synced: 1 }),
    selectorOf: ({ name }) => (name === 'cart' ? { matchLabels: { app: 'cart' } } : undefined),
  };
}

describe('measuring', () => {
  it('asks the sidecars of both revisions, and says who did not answer', async () => {
    const api = fakeApi();
    api.seed(pods, sidecarPod('old', '10.0.0.1', 'one'));
    api.seed(pods, sidecarPod('new', '10.0.0.2', 'two'));
    api.seed(pods, sidecarPod('deaf', '10.0.0.3', 'two'));
    const pages = { '10.0.0.1:15090': counters(100, 1), '10.0.0.2:15090': counters(50, 5, 1) };
    const readings = await measure(context(api, pages), { revision: 'two', workloads: [cart], moved: [] });
    expect(readings.traffic.get('shop/Deployment/cart')).toMatchObject({
      notMoved: { requests: 100, failures: 1 },
      moved: { requests: 50, failures: 5 },
      unreachable: 1,
    });
    expect(readings.rejections).toEqual({ total: 0, pods: ['shop/new'] });
    expect(readings.proxies).toEqual({ connected: 2, synced: 1 });
  });

  it('takes rejections from the new istiod, and knows nothing of them when nobody answers', async () => {
    const request = { revision: 'two', workloads: [], moved: [] };
    const pages = { '10.0.0.9:15014': 'pilot_total_xds_rejects{type="lds"} 4' };
    expect((await measure(context(fakeApi(), pages), request)).rejections).toEqual({ total: 4, pods: [] });
    expect((await measure(context(fakeApi(), {}), request)).rejections).toBeUndefined();
  });

  it('names containers of the new revision that do not come to run', async () => {
    const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' };
    const crashing = [{ name: 'istio-proxy', ready: false, restartCount: 3, state: { waiting } }];
    const api = fakeApi();
    api.seed(pods, sidecarPod('new', '10.0.0.2', 'two', { initContainerStatuses: crashing }));
    api.seed(pods, sidecarPod('old', '10.0.0.1', 'one', { initContainerStatuses: crashing }));
    const { crashLoops } = await measure(context(api, {}), { revision: 'two', workloads: [], moved: [cart] });
    expect(crashLoops).toEqual([
      {
        place: 'shop/Deployment/cart',
        message: 'shop: pod new: container istio-proxy: CrashLoopBackOff: back-off 10s',
      },
    ]);
  });

  it('asks no more than some pods of a workload', async () => {
    const api = fakeApi();
    for (let index = 0; index < 20; index++) api.seed(pods, sidecarPod(`p${String(index)}`, '10.0.0.1', 'one'));
    const readings = await measure(context(api, { '10.0.0.1:15090': counters(1, 0) }), {
      revision: 'two',
      workloads: [cart],
      moved: [],
    });
    expect(readings.traffic.get('shop/Deployment/cart')?.notMoved.requests).toBe(5);
  });

  it('goes on when a workload is gone or pods cannot be listed', async () => {
    const api: FakeApi = { ...fakeApi(), list: () => Promise.reject(new Error('no')) };
    const readings = await measure(context(api, {}), {
      revision: 'two',
      workloads: [cart, { ...cart, name: 'gone' }],
      moved: [cart],
    });
    expect(readings).toMatchObject({ crashLoops: undefined, rejections: undefined });
    expect(readings.traffic.size).toBe(0);
  });
});

describe('work in parallel', () => {
  it('keeps the order of its items and never does more than so many at once', async () => {
    let running = 0;
    let most = 0;
    const results = await inParallel([3, 1, 2], 2, async (item) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < item; turn++) await Promise.resolve();
      running--;
      return item * 10;
    });
    expect(results).toEqual([30, 10, 20]);
    expect(most).toBe(2);
  });
});
