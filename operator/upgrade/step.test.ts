import { describe, expect, it } from 'vitest';
import { conforms } from '../../crds/conformance.ts';
import { upgradeStatus } from '../../crds/mesh-upgrade.ts';
import { revisions, UpgradeWorld, workload } from './upgrade-world.testing.ts';

const { one, two, three } = revisions;
const six = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => workload(name));

describe('an upgrade of strategy Canary', () => {
  it('waits for the new istiod, and says for what', () => {
    const world = new UpgradeWorld(six);
    world.ready = false;
    world.reconcile();
    expect(world.status).toMatchObject({ phase: 'Installing', progress: 'Installing', from: one.name, to: two.name });
    expect(world.status?.message).toContain('CrashLoopBackOff');
    expect(world.moves).toEqual([]);
  });

  it('moves batch by batch, each watched before the next begins', () => {
    const world = new UpgradeWorld(six, { batches: { size: 2 }, maxUnavailable: 2 });
    world.reconcile();
    expect(world.status?.message).toContain('counters');
    world.reconcile();
    expect(world.status).toMatchObject({ progress: 'Moving 1/3', batch: { index: 1, of: 3, size: 2 } });
    expect(world.placesAt(two.revision)).toEqual(['a', 'b']);
    world.rollOut();
    world.reconcile();
    expect(world.status?.progress).toBe('Soaking 1/3');
    expect(world.reconcile().lookAgainMs).toBe(60_000);
    world.pass(59_000);
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a', 'b']);
    world.pass(1000);
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('makes the target the active one when all have been moved and watched, and is silent from then on', () => {
    const world = new UpgradeWorld(six, { batches: { size: '34%' }, maxUnavailable: '100%' });
    world.settle();
    expect(world.active).toEqual(two);
    expect(world.placesAt(two.revision)).toHaveLength(6);
    expect(world.status).toMatchObject({ phase: 'Completed', workloads: { total: 6, moved: 6, unmovable: 0 } });
    const again = world.reconcile();
    expect(again).toMatchObject({ status: world.status, moves: [], events: [], target: undefined, activate: false });
    const reasons = ['UpgradeStarted', 'UpgradeWaiting', 'BatchStarted', 'BatchArrived', 'UpgradeCompleted'];
    expect(new Set(world.events)).toEqual(new Set(reasons));
    expect(world.events.filter((reason) => reason === 'BatchArrived')).toHaveLength(2);
  });

  it('writes a status that the CRD accepts', () => {
    const world = new UpgradeWorld(six, { batches: { size: 2 } });
    for (let look = 0; look < 20; look++) {
      world.reconcile();
      world.rollOut();
      world.pass(20_000);
      expect(conforms(upgradeStatus, world.status)).toBe(true);
    }
  });

  it('takes whole namespaces when told to', () => {
    const spread = ['x', 'y', 'z'].flatMap((namespace) => ['a', 'b'].map((name) => workload(name, { namespace })));
    const world = new UpgradeWorld(spread, { batches: { by: 'Namespace', size: 1 }, maxUnavailable: 9 });
    world.reconcile();
    world.reconcile();
    expect(world.moves.map((move) => move.split(' ')[1])).toEqual(['x/a', 'x/b']);
    expect(world.status?.batch?.of).toBe(3);
  });

  it('restarts one workload after the other unless more are allowed', () => {
    const world = new UpgradeWorld(six, { batches: { size: 3 } });
    world.reconcile();
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a']);
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a']);
    expect(world.status?.message).toContain(
      'waits for Deployment shop/a: its pods are being replaced, 1 of 2 pods serve',
    );
    world.rollOut();
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['a', 'b']);
  });

  it('waits for a PodDisruptionBudget by name', () => {
    const budgets = [{ name: 'shop/pdb', allowed: 0 }];
    const world = new UpgradeWorld([workload('a', { takesDown: 1, budgets }), workload('b')], { batches: { size: 2 } });
    world.reconcile();
    world.reconcile();
    expect(world.placesAt(two.revision)).toEqual(['b']);
    expect(world.status?.laggards?.find(({ workload: name }) => name === 'Deployment shop/a')?.message).toContain(
      'shop/pdb',
    );
  });

  it('names what it cannot move, and completes without it', () => {
    const world = new UpgradeWorld([workload('a'), workload('b', { obstacle: 'its update strategy is OnDelete' })]);
    world.settle();
    expect(world.status).toMatchObject({ phase: 'Completed', workloads: { total: 1, moved: 1, unmovable: 1 } });
    expect(world.status?.unmovable).toEqual([
      { workload: 'Deployment shop/b', message: 'its update strategy is OnDelete' },
    ]);
    expect(world.status?.message).toContain('1 could not be moved');
  });

  it('completes at once where there are no workloads', () => {
    const world = new UpgradeWorld([]);
    world.reconcile();
    expect(world.status?.phase).toBe('Completed');
    expect(world.active).toEqual(two);
  });

  it('is not begun while something speaks against it', () => {
    const world = new UpgradeWorld(six);
    world.ready = false;
    world.preflight = ['Kubernetes 1.20 is too old'];
    expect(world.reconcile()).toMatchObject({ target: undefined, moves: [] });
    expect(world.status).toMatchObject({ phase: 'Waiting', message: 'cannot begin: Kubernetes 1.20 is too old' });
    // Nothing else would bring the look that finds it gone.
    expect(world.reconcile().lookAgainMs).toBe(5000);
    world.preflight = [];
    expect(world.reconcile().target).toBe(two.name);
  });

  it('keeps what it has installed when something comes to speak against it', () => {
    const world = new UpgradeWorld(six, { windows: [{ from: '01:00', to: '02:00' }] });
    world.ready = false;
    world.reconcile();
    world.preflight = ['the checks are still being made'];
    expect(world.reconcile()).toMatchObject({ target: two.name, status: { phase: 'Installing' } });
    world.ready = true;
    world.preflight = [];
    world.reconcile();
    world.preflight = ['the checks are still being made'];
    expect(world.reconcile()).toMatchObject({ target: two.name, moves: [], status: { phase: 'Waiting' } });
    expect(world.status?.message).toContain('cannot begin');
  });

  it('refuses an older version unless forced', () => {
    const world = new UpgradeWorld(six);
    world.active = three;
    world.desired = one;
    world.reconcile();
    expect(world.status?.message).toContain('older than 0.2.1');
    world.spec = { ...world.spec, force: true };
    world.settle();
    expect(world.active).toEqual(one);
  });
});

describe('a bad version', () => {
  it.each(['crash', 'reject', '503', 'stuck'] as const)(
    'that has the fault "%s" goes back in the first batch',
    (fault) => {
      const world = new UpgradeWorld(six, { batches: { size: 2 }, maxUnavailable: 2, gates: { timeout: '2m' } });
      world.faults.set(two.revision, fault);
      world.settle();
      expect(world.status).toMatchObject({ phase: 'RolledBack', batch: { index: 1 }, from: one.name });
      expect(world.placesAt(undefined)).toHaveLength(6);
      expect(world.active).toEqual(one);
      const touched = new Set(world.moves.map((move) => move.split(' ')[1]));
      expect(touched).toEqual(new Set(['shop/a', 'shop/b']));
      expect(world.events.slice(-2)).toEqual(['RollingBack', 'RolledBack']);
    },
  );

  it('whose istiod does not become ready is given up with nothing moved', () => {
    const world = new UpgradeWorld(six);
    world.ready = false;
    world.settle();
    expect(world.status).toMatchObject({ phase: 'RolledBack', failure: { reason: 'ControlPlaneNotReady' } });
    expect(world.moves).toEqual([]);
  });

  it('is not tried again by itself, but when asked to, or when the spec asks for another one', () => {
    const world = new UpgradeWorld(six);
    world.faults.set(two.revision, 'reject');
    world.settle();
    world.pass(3_600_000);
    expect(world.reconcile().status).toBe(world.status);
    world.faults.clear();
    world.spec = { ...world.spec, attempt: 1 };
    expect(world.reconcile().target).toBe(two.name);
    world.settle();
    expect(world.active).toEqual(two);
  });

  it('is held without autoRollback, until that or the spec is changed', () => {
    const world = new UpgradeWorld(six, { autoRollback: false });
    world.faults.set(two.revision, 'reject');
    for (let look = 0; look < 5; look++) world.reconcile();
    expect(world.status).toMatchObject({ phase: 'Failed', failure: { reason: 'GateFailed' } });
    expect(world.placesAt(two.revision)).toEqual(['a']);
    expect(world.reconcile()).toMatchObject({ moves: [], events: [], target: two.name });
    world.desired = one;
    world.settle();
    expect(world.placesAt(undefined)).toHaveLength(6);
  });

  it('gives back the annotation that workloads had, where they had one', () => {
    const world = new UpgradeWorld(six.map((found) => ({ ...found, given: two.revision })));
    world.active = two;
    world.desired = three;
    world.faults.set(three.revision, 'reject');
    world.settle();
    expect(world.placesAt(two.revision)).toHaveLength(6);
  });

  it('is not held against for what was broken before', () => {
    const world = new UpgradeWorld([workload('a', { available: 1, rolledOut: false }), workload('b')]);
    world.rollOut = () => {
      world.workloads = world.workloads.map((found) =>
        found.name === 'a' ? found : { ...found, rolledOut: true, available: 2 },
      );
    };
    world.settle();
    expect(world.status?.phase).toBe('Completed');
  });
});
