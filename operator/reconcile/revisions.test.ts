import { describe, expect, it } from 'vitest';
import { meshRevisions } from '../../crds/kinds.ts';
import { testDefaults } from '../fixtures.testing.ts';
import { activeOf, installed, names, revision, writesOf } from './test-cluster-steps.testing.ts';
import type { Spec } from './test-cluster-steps.testing.ts';

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
