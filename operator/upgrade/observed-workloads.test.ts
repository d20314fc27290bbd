import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { Deployment } from '../../lib/kube/types.ts';
import type { WorkloadSources } from './observed-workloads.ts';
import { observeWorkloads } from './observed-workloads.ts';
import type { MovableKind } from './workload.ts';

function pod(name: string, owner?: { readonly kind: string; readonly name: string }, labels = {}): KubeObject {
  const reference = owner && { apiVersion: 'apps/v1', uid: `uid-${owner.name}`, controller: true, ...owner };
  return {
    metadata: {
      name,
      namespace: 'shop',
      labels,
      annotations: { 'istio.io/rev': 'default' },
      ...(reference === undefined ? {} : { ownerReferences: [reference] }),
    },
  };
}

function deployment(name: string, given?: string): Deployment {
  const annotations = given === undefined ? {} : { 'meltemi.dev/revision': given };
  return {
    metadata: { namespace: 'shop', name },
    spec: { template: { metadata: { labels: { app: name }, annotations } } },
    status: { replicas: 1, updatedReplicas: 1, availableReplicas: 1 },
  };
}

const cartPod = pod('cart-abc-1', { kind: 'ReplicaSet', name: 'cart-abc' }, { 'pod-template-hash': 'abc' });

function observe(sources: Partial<WorkloadSources>, objects: Partial<Record<MovableKind, readonly KubeObject[]>> = {}) {
  const all = Object.entries(objects) as readonly (readonly [MovableKind, readonly KubeObject[]])[];
  return observeWorkloads({
    pods: [],
    nameOf: () => 'default',
    pinned: new Set(['default-0-2-0']),
    values: new Set(['default', 'default-0-2-0']),
    target: undefined,
    refusals: new Map(),
    objects: {
      find: (kind, _namespace, name) => objects[kind]?.find(({ metadata }) => metadata.name === name),
      list: () => all.flatMap(([kind, list]) => list.map((object) => ({ kind, object }))),
      budgets: () => [
        {
          metadata: { namespace: 'shop', name: 'carts' },
          spec: { selector: { matchLabels: { app: 'cart' } } },
          status: { disruptionsAllowed: 1 },
        },
        { metadata: { namespace: 'shop', name: 'none' }, spec: {} },
      ],
    },
    ...sources,
  });
}

describe('the workloads of a control plane', () => {
  it('are those that its sidecars belong to, once each, with their budgets', () => {
    const other = pod('cart-abc-2', { kind: 'ReplicaSet', name: 'cart-abc' }, { 'pod-template-hash': 'abc' });
    const { workloads } = observe({ pods: [cartPod, other] }, { Deployment: [deployment('cart'), deployment('web')] });
    expect(workloads).toMatchObject([{ kind: 'Deployment', namespace: 'shop', name: 'cart', rolledOut: true }]);
    expect(workloads[0]?.budgets).toEqual([{ name: 'shop/carts', allowed: 1 }]);
  });

  it('count while they have no pods, if they were given to a revision', () => {
    const { workloads } = observe(
      {},
      { Deployment: [deployment('cart', 'default-0-2-0'), deployment('web', 'elsewhere')] },
    );
    expect(workloads.map(({ name }) => name)).toEqual(['cart']);
  });

  it('cannot be moved when they ask for a revision by its own name', () => {
    const { workloads } = observe(
      { pods: [cartPod], nameOf: () => 'default-0-2-0' },
      { Deployment: [deployment('cart')] },
    );
    expect(workloads[0]?.obstacle).toContain('"default-0-2-0"');
  });

  it('cannot be moved when that was tried in vain', () => {
    const refusals = new Map([['shop/Deployment/cart', 'kept by somebody else']]);
    const { workloads } = observe({ pods: [cartPod], refusals }, { Deployment: [deployment('cart')] });
    expect(workloads[0]?.obstacle).toBe('kept by somebody else');
  });

  it('do not hold bare pods, Jobs and ReplicaSets, which are named', () => {
    const pods = [
      pod('lonely'),
      pod('import-28000000-x', { kind: 'Job', name: 'import-28000000' }),
      pod('rs-1', { kind: 'ReplicaSet', name: 'rs' }),
    ];
    const { workloads, unmovable } = observe({ pods });
    expect(workloads).toEqual([]);
    expect(unmovable.map(({ workload }) => workload)).toEqual([
      'CronJob shop/import',
      'Pod shop/lonely',
      'ReplicaSet shop/rs',
    ]);
    expect(observe({ pods, target: 'default' }).unmovable).toEqual([]);
  });
});
