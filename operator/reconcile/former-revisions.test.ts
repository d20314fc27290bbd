import { describe, expect, it } from 'vitest';
import { pods } from '../../lib/kube/resources.ts';
import type { TestCluster } from './test-cluster.testing.ts';
import { activeOf, installed, names, revision, untilActive, writesOf } from './test-cluster-steps.testing.ts';
import type { Spec } from './test-cluster-steps.testing.ts';

const other: Spec = { meshConfig: { trustDomain: 'other' } };
const canary: Spec = { ...other, upgrade: { strategy: 'Canary' } };
const ready = [
  'Reconciled=True Reconciled',
  'Ready=True Ready',
  'Progressing=False Settled',
  'Degraded=False AsExpected',
];

describe('a revision that is not active any more', () => {
  async function replaced(): Promise<{ readonly cluster: TestCluster; readonly former: string }> {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.runPod('cart', 'default');
    cluster.apply('default', canary);
    await cluster.settle();
    await untilActive(cluster, (name) => name !== former);
    return { cluster, former };
  }

  it('keeps its istiod as long as a pod has its sidecar', async () => {
    const { cluster, former } = await replaced();
    cluster.pass(3_600_000);
    await cluster.settle();
    expect(cluster.istiods().toSorted()).toEqual(['istiod', `istiod-${activeOf(cluster)}`]);
    expect(revision(cluster, former).status).toMatchObject({ users: { pods: 1, workloads: 1 } });
    expect(cluster.conditions(revision(cluster, former))).toEqual(['Ready=True Ready', 'InUse=True UsedByPods']);
    expect(cluster.controlPlane().status?.revisions).toEqual({ total: 2, ready: 2, inUse: 2 });
  });

  it('goes with everything that belongs to it when nothing uses it, after the grace', async () => {
    const { cluster, former } = await replaced();
    await cluster.api.delete(pods, { namespace: 'shop', name: 'cart' });
    await cluster.settle();
    expect(cluster.conditions(revision(cluster, former))).toContain('InUse=False NotUsed');
    cluster.pass(29_000);
    await cluster.settle();
    expect(names(cluster)).toContain(former);
    cluster.pass(1_000);
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(names(cluster)).toEqual([activeOf(cluster)]);
    expect(cluster.istiods()).toEqual([`istiod-${activeOf(cluster)}`]);
    expect(writes.every((write) => write.startsWith('delete '))).toBe(true);
    expect(writes[0]).toBe('delete Deployment istio-system/istiod');
    expect(writes.at(-1)).toBe(`delete MeshRevision ${former}`);
    // The name of the control plane has its webhooks all the time.
    expect(cluster.webhooks('istio-sidecar-injector')['rev.namespace.sidecar-injector.istio.io']).toBe(
      `istiod-${activeOf(cluster)}`,
    );
  });

  it('stays when the API server knows a pod that the informer does not, or cannot tell', async () => {
    const { cluster, former } = await replaced();
    await cluster.api.delete(pods, { namespace: 'shop', name: 'cart' });
    await cluster.settle();
    cluster.pass(30_000);
    cluster.hideSidecars = true;
    cluster.runPod('late', 'default');
    expect((await cluster.settle()).requeueAfterMs).toBe(30_000);
    expect(names(cluster)).toContain(former);
    await cluster.api.delete(pods, { namespace: 'shop', name: 'late' });
    cluster.failLists = true;
    await cluster.settle();
    expect(names(cluster)).toContain(former);
    cluster.failLists = false;
    await cluster.settle();
    expect(names(cluster)).not.toContain(former);
  });

  it('is held by a tag that is pinned to it, and by a namespace that asks for it by its own name', async () => {
    const { cluster, former } = await replaced();
    await cluster.api.delete(pods, { namespace: 'shop', name: 'cart' });
    cluster.applyTag('pinned', 'MeshRevision', former);
    await cluster.settle();
    cluster.pass(3_600_000);
    await cluster.settle();
    expect(cluster.conditions(revision(cluster, former))).toContain('InUse=True UsedByTag');
    expect(cluster.webhooks('istio-sidecar-injector-pinned')).toEqual({
      'rev.namespace.sidecar-injector.istio.io': 'istiod',
      'rev.object.sidecar-injector.istio.io': 'istiod',
    });
  });
});

describe('going back to what is still there', () => {
  it('takes the former revision itself, whose istiod runs, and not another with the same content', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.runPod('cart', 'default');
    cluster.apply('default', canary);
    await cluster.settle();
    await untilActive(cluster, (name) => name !== former);
    cluster.apply('default', { upgrade: { strategy: 'Canary' } });
    await untilActive(cluster, (name) => name === former);
    cluster.pass(120_000);
    await cluster.settle();
    expect(names(cluster)).toEqual([former]);
    expect(cluster.istiods()).toEqual(['istiod']);
    expect(cluster.conditions(cluster.controlPlane())).toEqual(ready);
  });

  it('leaves an istiod what it has when a record of older content is held by a tag', async () => {
    const cluster = await installed();
    const first = activeOf(cluster);
    cluster.apply('default', other);
    await cluster.settle();
    const replaced = activeOf(cluster);
    cluster.applyTag('pinned', 'MeshRevision', replaced);
    cluster.apply('default', {});
    await cluster.settle();
    expect(activeOf(cluster)).toBe(first);
    expect(cluster.conditions(revision(cluster, replaced))).toEqual(['Ready=False Superseded', 'InUse=True UsedByTag']);
    expect(cluster.conditions(cluster.tag('pinned'))).toContain('Reconciled=False Superseded');
    cluster.runPod('cart', 'default');
    cluster.apply('default', { meshConfig: { trustDomain: 'third' }, upgrade: { strategy: 'Canary' } });
    await cluster.settle();
    await untilActive(cluster, (name) => name !== first);
    expect(cluster.conditions(revision(cluster, first))).toEqual(['Ready=True Ready', 'InUse=True UsedByPods']);
    expect(cluster.conditions(revision(cluster, replaced))).toContain('Ready=False Superseded');
  });
});

describe('two revisions beside each other', () => {
  it('share the name of the control plane, told apart by the annotation of pods', async () => {
    const cluster = await installed();
    cluster.apply('default', { ...canary, upgrade: { strategy: 'Canary', pauseBetween: '1h' } });
    cluster.runPod('cart', 'default');
    await cluster.reconcile('default');
    const target = names(cluster).find((name) => name !== activeOf(cluster)) ?? '';
    const webhooks = cluster.webhooks('istio-sidecar-injector');
    expect(webhooks['rev.namespace.sidecar-injector.istio.io']).toBe('istiod');
    expect(webhooks['given.rev.namespace.sidecar-injector.istio.io']).toBe(`istiod-${target}`);
    expect(cluster.webhooks(`istio-sidecar-injector-${target}`)['rev.namespace.sidecar-injector.istio.io']).toBe(
      `istiod-${target}`,
    );
    expect(cluster.conditions(cluster.controlPlane())).toContain('Reconciled=False UpgradeInProgress');
  });
});
