import { describe, expect, it } from 'vitest';
import { meshRevisions } from '../../crds/kinds.ts';
import { pods } from '../../lib/kube/resources.ts';
import { testDefaults } from '../fixtures.testing.ts';
import { testRoot } from './test-cluster.testing.ts';
import { TestCluster } from './test-cluster.testing.ts';

type Spec = Parameters<TestCluster['apply']>[1];

async function installed(spec: Spec = {}, name = 'default'): Promise<TestCluster> {
  const cluster = new TestCluster(testRoot());
  cluster.apply(name, spec);
  await cluster.settle();
  return cluster;
}

function activeOf(cluster: TestCluster, name = 'default'): string {
  return cluster.controlPlane(name).status?.activeRevision ?? 'none';
}

function names(cluster: TestCluster): readonly string[] {
  return cluster.revisions().map(({ metadata }) => metadata.name);
}

function revision(cluster: TestCluster, name: string) {
  const found = cluster.revisions().find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no MeshRevision ${name}`);
  return found;
}

/** Lets time pass until the active revision is as wanted. */
async function untilActive(cluster: TestCluster, isWanted: (name: string) => boolean): Promise<void> {
  for (let look = 0; !isWanted(activeOf(cluster)) && look < 5; look++) {
    cluster.pass(120_000);
    await cluster.settle();
  }
  expect(isWanted(activeOf(cluster)), activeOf(cluster)).toBe(true);
}

/** The writes of what follows, statuses aside. */
async function writesOf(cluster: TestCluster, run: () => Promise<unknown>): Promise<readonly string[]> {
  const before = cluster.api.writes.length;
  await run();
  return cluster.api.writes.slice(before).filter((write) => !write.includes('/status'));
}

const other: Spec = { meshConfig: { trustDomain: 'other' } };
const canary: Spec = { ...other, upgrade: { strategy: 'Canary' } };
const ready = [
  'Reconciled=True Reconciled',
  'Ready=True Ready',
  'Progressing=False Settled',
  'Degraded=False AsExpected',
];

describe('the revision of a control plane', () => {
  it('is recorded, active and counted', async () => {
    const cluster = await installed();
    const name = activeOf(cluster);
    expect(names(cluster)).toEqual([name]);
    expect(cluster.conditions(revision(cluster, name))).toEqual(['Ready=True Ready', 'InUse=True Active']);
    expect(cluster.controlPlane().status).toMatchObject({
      revision: 'default',
      revisions: { total: 1, ready: 1, inUse: 1 },
    });
    expect(cluster.conditions(cluster.controlPlane())).toEqual(ready);
  });

  it('needs nothing more once all is settled', async () => {
    const cluster = await installed();
    const before = cluster.api.writes.length;
    expect(await cluster.settle()).toEqual({});
    expect(cluster.api.writes.length).toBe(before);
  });

  it('is made again when it is deleted, and is the same', async () => {
    const cluster = await installed();
    const name = activeOf(cluster);
    await cluster.api.delete(meshRevisions, { name });
    expect(await writesOf(cluster, () => cluster.settle())).toEqual([`apply MeshRevision ${name}`]);
    expect(activeOf(cluster)).toBe(name);
  });

  it('is made again from what runs when the spec asks for something else by now', async () => {
    const cluster = await installed();
    const name = activeOf(cluster);
    cluster.stuck.add('istiod');
    cluster.apply('default', { ...canary, upgrade: { strategy: 'Canary', paused: true } });
    await cluster.api.delete(meshRevisions, { name });
    await cluster.settle();
    expect(names(cluster)).toEqual([name]);
    expect(activeOf(cluster)).toBe(name);
  });

  it('is made for an istiod from before there were records, which is not touched', async () => {
    const cluster = await installed(other);
    const name = activeOf(cluster);
    await cluster.api.delete(meshRevisions, { name });
    cluster.forgetRevisions('default');
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(writes).toEqual([`apply MeshRevision ${name}`]);
    expect(activeOf(cluster)).toBe(name);
  });

  it('stays what it is with another operator, whose defaults become the next revision', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.defaults = { ...testDefaults, version: '0.2.0', images: { istiod: 'i:0.2.0', proxy: 'p:0.2.0' } };
    cluster.apply('default', {
      version: '0.1.0',
      pilot: { image: testDefaults.images.istiod },
      proxy: { image: testDefaults.images.proxy },
    });
    await cluster.settle();
    expect(activeOf(cluster)).toBe(former);
    cluster.apply('default', {});
    await cluster.settle();
    expect(revision(cluster, activeOf(cluster)).spec).toMatchObject({
      version: '0.2.0',
      images: { istiod: 'i:0.2.0' },
    });
  });
});

describe('other content, in place', () => {
  it('becomes active when its istiod is ready, and the former record goes after the grace', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.apply('default', other);
    const { requeueAfterMs } = await cluster.settle();
    expect(activeOf(cluster)).not.toBe(former);
    expect(cluster.istiods()).toEqual(['istiod']);
    expect(cluster.conditions(cluster.controlPlane())).toEqual(ready);
    expect(cluster.conditions(revision(cluster, former))).toEqual(['Ready=False Superseded', 'InUse=False NotUsed']);
    expect(requeueAfterMs).toBe(30_000);
    cluster.pass(30_000);
    await cluster.settle();
    expect(names(cluster)).toEqual([activeOf(cluster)]);
  });

  it('leaves the former record active as long as the new istiod is not ready', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.stuck.add('istiod');
    cluster.apply('default', other);
    await cluster.settle();
    expect(activeOf(cluster)).toBe(former);
    expect(names(cluster)).toHaveLength(2);
    expect(cluster.conditions(cluster.controlPlane())).toContain('Ready=False RolloutInProgress');
    cluster.pass(100_000);
    await cluster.settle();
    expect(names(cluster)).toHaveLength(2);
  });

  it('is taken back when it does not become ready in time, and is not tried again by itself', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.stuck.add('istiod');
    cluster.apply('default', other);
    expect((await cluster.settle()).requeueAfterMs).toBe(600_000);
    cluster.pass(600_001);
    await cluster.reconcile('default');
    cluster.stuck.delete('istiod');
    cluster.pass(1);
    await cluster.settle();
    expect(activeOf(cluster)).toBe(former);
    expect(cluster.controlPlane().status?.upgrade).toMatchObject({ phase: 'RolledBack', from: former });
    expect(cluster.conditions(cluster.controlPlane())).toEqual([
      'Reconciled=False UpgradeRolledBack',
      'Ready=True Ready',
      'Progressing=False Settled',
      'Degraded=True UpgradeRolledBack',
    ]);
    expect(cluster.events).toContain('Warning UpgradeRolledBack MeshControlPlane default');
    cluster.pass(3_600_000);
    expect(await writesOf(cluster, () => cluster.settle())).toEqual([expect.stringMatching(/^delete MeshRevision /)]);
    expect(await writesOf(cluster, () => cluster.settle())).toEqual([]);
    // The same once more, on request.
    cluster.apply('default', { ...other, upgrade: { attempt: 1 } });
    await cluster.settle();
    expect(activeOf(cluster)).not.toBe(former);
    expect(cluster.conditions(cluster.controlPlane())).toEqual(ready);
  });

  it('is forgotten when the spec asks for the former content again', async () => {
    const cluster = await installed();
    const former = activeOf(cluster);
    cluster.stuck.add('istiod');
    cluster.apply('default', other);
    await cluster.settle();
    cluster.stuck.delete('istiod');
    cluster.apply('default', {});
    await cluster.settle();
    cluster.pass(60_000);
    await cluster.settle();
    expect(names(cluster)).toEqual([former]);
    expect(cluster.conditions(cluster.controlPlane())).toEqual(ready);
  });
});

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

describe('a tag', () => {
  const prod = 'istio-sidecar-injector-prod';
  const first = 'rev.namespace.sidecar-injector.istio.io';

  it('that follows a control plane has webhooks of its own, and says where it leads', async () => {
    const cluster = await installed();
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    cluster.labelNamespace('shop', { 'istio.io/rev': 'prod' });
    await cluster.settle();
    expect(cluster.webhooks(prod)[first]).toBe('istiod');
    expect(cluster.tag('prod').status).toMatchObject({ revision: activeOf(cluster), namespace: 'istio-system' });
    expect(cluster.conditions(cluster.tag('prod'))).toEqual([
      'Reconciled=True Reconciled',
      'InUse=True UsedByNamespaces',
    ]);
    expect(revision(cluster, activeOf(cluster)).status?.users).toMatchObject({
      namespaces: { count: 1, names: ['shop'] },
      tags: ['prod'],
    });
  });

  it('named default stands for istio-injection=enabled', async () => {
    const cluster = await installed({}, 'blue');
    cluster.applyTag('default', 'MeshControlPlane', 'blue');
    cluster.labelNamespace('shop', { 'istio-injection': 'enabled' });
    await cluster.settle();
    expect(cluster.webhooks('istio-sidecar-injector')).toMatchObject({
      'namespace.sidecar-injector.istio.io': 'istiod-blue',
      'object.sidecar-injector.istio.io': 'istiod-blue',
    });
    expect(cluster.conditions(cluster.tag('default'))).toContain('InUse=True UsedByNamespaces');
  });

  it('goes over to another control plane without ever being without webhooks', async () => {
    const cluster = await installed();
    cluster.apply('blue', { revision: { name: 'blue' } });
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    await cluster.settle();
    cluster.applyTag('prod', 'MeshControlPlane', 'blue');
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(writes).toEqual([`apply MutatingWebhookConfiguration ${prod}`]);
    expect(cluster.webhooks(prod)[first]).toBe('istiod-blue');
    expect(cluster.conditions(cluster.tag('prod'))).toContain('Reconciled=True Reconciled');
  });

  it.each([
    ['MeshControlPlane', 'gone', 'Reconciled=False RefNotFound'],
    ['MeshRevision', 'gone', 'Reconciled=False RefNotFound'],
  ] as const)('to a %s that is not there says so', async (kind, name, condition) => {
    const cluster = await installed();
    cluster.applyTag('prod', kind, name);
    await cluster.settle();
    expect(cluster.conditions(cluster.tag('prod'))).toContain(condition);
    expect(cluster.webhooks(prod)).toEqual({});
  });

  it('does not take the name of a control plane, which keeps its webhooks', async () => {
    const cluster = await installed();
    cluster.applyTag('default', 'MeshControlPlane', 'default');
    await cluster.settle();
    expect(cluster.conditions(cluster.tag('default'))).toContain('Reconciled=False NameAlreadyExists');
    expect(cluster.webhooks('istio-sidecar-injector')[first]).toBe('istiod');
  });

  it('gives its name up to a control plane that comes later, which takes its webhooks over', async () => {
    const cluster = await installed({ revision: { name: 'blue' } }, 'blue');
    cluster.applyTag('prod', 'MeshControlPlane', 'blue');
    await cluster.settle();
    cluster.apply('prod', {});
    const writes = await writesOf(cluster, () => cluster.settle());
    expect(writes.filter((write) => write.endsWith(prod))).toEqual([`apply MutatingWebhookConfiguration ${prod}`]);
    expect(cluster.webhooks(prod)[first]).toBe('istiod-prod');
    expect(cluster.conditions(cluster.tag('prod'))).toContain('Reconciled=False NameAlreadyExists');
  });

  it('loses its webhooks when it is retired', async () => {
    const cluster = await installed();
    cluster.applyTag('prod', 'MeshControlPlane', 'default');
    await cluster.settle();
    cluster.removeTag('prod');
    expect(await writesOf(cluster, () => cluster.settle())).toEqual([`delete MutatingWebhookConfiguration ${prod}`]);
  });
});
