import { describe, expect, it } from 'vitest';
import type { UpgradeDecision } from './input.ts';
import { upgradeStep } from './step.ts';
import { revisions, UpgradeWorld, workload } from './upgrade-world.testing.ts';

const { one, two, three } = revisions;
const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => workload(name));

describe('a spec that is changed in the midst', () => {
  const midst = (): UpgradeWorld => {
    const world = new UpgradeWorld(six, { batches: { size: 2 }, maxUnavailable: 2 });
    for (let look = 0; look < 3; look++) world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a', 'b']);
    return world;
  };

  it('to what was before brings everything back', () => {
    const world = midst();
    world.desired = one;
    world.settle();
    expect(world.status).toMatchObject({ phase: 'RolledBack', failure: { reason: 'Superseded' } });
    expect(world.placesAt(undefined)).toHaveLength(6);
  });

  it('to a third content goes there by way of the first', () => {
    const world = midst();
    world.desired = three;
    world.settle();
    expect(world.active).toEqual(three);
    expect(world.placesAt(three.revision)).toHaveLength(6);
  });

  it('before anything was moved begins the other at once', () => {
    const world = new UpgradeWorld(six);
    world.ready = false;
    world.reconcile();
    world.desired = three;
    expect(world.reconcile().target).toBe(three.name);
    expect(world.events).not.toContain('RollingBack');
  });

  it('to paused moves nothing in either direction, and goes on when that ends', () => {
    const world = midst();
    world.spec = { ...world.spec, paused: true };
    world.rollOut();
    expect(world.reconcile()).toMatchObject({ moves: [], target: two.name });
    expect(world.status?.progress).toBe('Paused 1/3');
    world.pass(86_400_000);
    expect(world.reconcile().moves).toEqual([]);
    world.faults.set(two.revision, 'reject');
    world.spec = { ...world.spec, paused: false };
    world.pass(1000);
    world.reconcile();
    expect(world.status?.phase).toBe('RollingBack');
    world.spec = { ...world.spec, paused: true };
    expect(world.reconcile().moves).toEqual([]);
    world.spec = { ...world.spec, paused: false };
    world.settle();
    expect(world.status).toMatchObject({ phase: 'RolledBack', failure: { reason: 'GateFailed' } });
  });
});

describe('windows', () => {
  const windows = [{ days: ['Monday'], from: '12:00', to: '13:00' }] as const;

  it('hold moving until they open, and tell when', () => {
    const world = new UpgradeWorld(six, { windows });
    expect(world.reconcile().lookAgainMs).toBe(2 * 3_600_000);
    expect(world.status?.message).toContain('2026-03-02T12:00:00.000Z');
    expect(world.moves).toEqual([]);
    world.pass(2 * 3_600_000);
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a']);
    world.pass(3_600_000);
    world.rollOut();
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a']);
  });

  it('do not hold going back', () => {
    const world = new UpgradeWorld(six, { windows });
    world.reconcile();
    world.pass(2 * 3_600_000);
    world.reconcile();
    world.faults.set(two.revision, 'reject');
    world.pass(3_600_000);
    for (let look = 0; look < 3; look++) world.reconcile();
    expect(world.placesAt(two.revision)).toEqual([]);
  });
});

describe('an upgrade of strategy InPlace', () => {
  const inPlace = { ...two, revision: one.revision };

  it('is completed when the new istiod serves, with no workload moved', () => {
    const world = new UpgradeWorld(six, { strategy: 'InPlace' });
    world.desired = inPlace;
    world.ready = false;
    expect(world.reconcile().target).toBe(two.name);
    world.ready = true;
    world.reconcile();
    expect(world.status?.phase).toBe('Completed');
    expect(world.active).toEqual(inPlace);
    expect(world.moves).toEqual([]);
  });

  it('goes back to the former content when it does not serve in time', () => {
    const world = new UpgradeWorld(six, { strategy: 'InPlace' });
    world.desired = inPlace;
    world.ready = false;
    world.reconcile();
    world.pass(600_000);
    expect(world.reconcile()).toMatchObject({ target: undefined, status: { phase: 'RollingBack' } });
    world.ready = true;
    world.reconcile();
    expect(world.status?.phase).toBe('RolledBack');
    expect(world.active).toEqual(one);
  });
});

describe('workloads that have not been read yet', () => {
  it('hold an upgrade as it is, and let none begin', () => {
    const world = new UpgradeWorld(six, { batches: { size: 2 } });
    const unread = (): UpgradeDecision => upgradeStep({ ...world.input(), workloads: undefined });
    expect(unread()).toMatchObject({ status: undefined, target: undefined, needsWorkloads: true });
    world.reconcile();
    world.reconcile();
    expect(unread()).toMatchObject({ status: world.status, target: two.name, moves: [], needsWorkloads: true });
    world.settle();
    expect(unread()).toMatchObject({ status: world.status, needsWorkloads: false });
  });
});
