import { afterEach, describe, expect, it } from 'vitest';
import { once } from 'node:events';
import type { KubeObject } from '../../lib/kube/object.ts';
import { deployments } from '../../lib/kube/resources.ts';
import { silentLogger } from '../../lib/logger.ts';
import type { FakeApi } from '../fake-api.testing.ts';
import { apiError, fakeApi } from '../fake-api.testing.ts';
import type { TestStores } from '../fixtures.testing.ts';
import { testControlPlane, testStores } from '../fixtures.testing.ts';
import { FreshObjects } from '../reconcile/fresh-objects.ts';
import { Upgrades } from './upgrades.ts';

const running: Upgrades[] = [];
afterEach(async () => {
  for (const upgrades of running.splice(0)) await upgrades.stop();
});

/** Nothing happens by itself: a watch stays open until it is ended. */
function quietApi(): FakeApi {
  const api = fakeApi();
  return {
    ...api,
    watch: async function* (_resource, { signal } = {}) {
      if (signal?.aborted === false) await once(signal, 'abort');
    },
  };
}

const cart = { namespace: 'shop', kind: 'Deployment', name: 'cart' } as const;

function shop(): { readonly api: FakeApi; readonly stores: TestStores; readonly upgrades: Upgrades } {
  const api = quietApi();
  const stores = testStores();
  stores.controlPlanes.put(testControlPlane('default'));
  stores.sidecars.put(sidecar('cart-abc-1', 'default'));
  stores.sidecars.put(sidecar('cart-abc-2', 'of-another-mesh'));
  api.seed(deployments, {
    metadata: { namespace: 'shop', name: 'cart', uid: 'u1', resourceVersion: '7' },
  });
  const now = (): Date => new Date('2026-03-02T10:00:00Z');
  const fetchPage = () => Promise.resolve(undefined);
  const upgrades = new Upgrades({
    client: api,
    stores,
    fresh: new FreshObjects(),
    now,
    logger: silentLogger,
    fetchPage,
  });
  running.push(upgrades);
  return { api, stores, upgrades };
}

function sidecar(name: string, revision: string): KubeObject {
  const reference = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'cart-abc', uid: 'rs', controller: true };
  return {
    metadata: {
      name,
      namespace: 'shop',
      labels: { 'pod-template-hash': 'abc' },
      annotations: { 'istio.io/rev': revision },
      ownerReferences: [reference],
    },
  };
}

/** Has the workloads followed, and waits until they have been read. */
async function follow(upgrades: Upgrades): Promise<void> {
  const read = Promise.withResolvers<undefined>();
  const unsubscribe = upgrades.onChange(() => read.resolve(undefined));
  await upgrades.carryOut('default', { moves: [], measure: undefined, needsWorkloads: true });
  await read.promise;
  unsubscribe();
}

describe('what an upgrade reads and writes', () => {
  it('follows workloads only while they are needed', async () => {
    const { upgrades } = shop();
    expect(upgrades.observe('default').workloads).toBeUndefined();
    await follow(upgrades);
    expect(upgrades.observe('default').workloads?.map(({ name }) => name)).toEqual(['cart']);
    await upgrades.carryOut('default', { moves: [], measure: undefined, needsWorkloads: false });
    expect(upgrades.observe('default').workloads).toBeUndefined();
  });

  it('sees its own moves before the informer does', async () => {
    const { upgrades, api } = shop();
    await follow(upgrades);
    const move = { workload: cart, revision: 'default-2' };
    await upgrades.carryOut('default', { moves: [move], measure: undefined, needsWorkloads: true });
    expect(api.writes).toEqual(['apply Deployment shop/cart']);
    expect(upgrades.observe('default').workloads?.[0]).toMatchObject({ given: 'default-2' });
  });

  it('names a workload whose annotation belongs to somebody else as one that cannot be moved', async () => {
    const { upgrades, api } = shop();
    await follow(upgrades);
    api.failOnce('apply Deployment shop/cart', apiError(409, 'Conflict', 'conflict with "argo"'));
    const move = { workload: cart, revision: 'default-2' };
    await upgrades.carryOut('default', { moves: [move], measure: undefined, needsWorkloads: true });
    expect(upgrades.observe('default').workloads?.[0]?.obstacle).toContain('argo');
  });

  it('measures beside the reconciles, and tells when there is something new', async () => {
    const { upgrades } = shop();
    await follow(upgrades);
    const told = Promise.withResolvers<string>();
    upgrades.onChange((name) => told.resolve(name));
    const measure = { revision: 'default-2', workloads: [cart], moved: [] };
    await upgrades.carryOut('default', { moves: [], measure, needsWorkloads: true });
    expect(upgrades.observe('default').readings).toBeUndefined();
    expect(await told.promise).toBe('default');
    expect(upgrades.observe('default').readings).toMatchObject({ revision: 'default-2', rejections: undefined });
    await upgrades.carryOut('default', { moves: [], measure: undefined, needsWorkloads: false });
    expect(upgrades.observe('default').readings).toBeUndefined();
  });

  it('ends when the control plane is deleted in the midst', async () => {
    const { upgrades, stores, api } = shop();
    await follow(upgrades);
    stores.controlPlanes.remove('default');
    // The refusal is something new to decide on, if there were still somebody to decide.
    api.failOnce('apply Deployment shop/cart', apiError(409, 'Conflict', 'conflict with "argo"'));
    const move = { workload: cart, revision: 'default-2' };
    await upgrades.carryOut('default', { moves: [move], measure: undefined, needsWorkloads: true });
    stores.controlPlanes.put(testControlPlane('default'));
    expect(upgrades.observe('default').workloads).toBeUndefined();
  });
});
