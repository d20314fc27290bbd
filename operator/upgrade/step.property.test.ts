import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountOf } from './amount.ts';
import type { Extent, Fault } from './upgrade-world.testing.ts';
import { revisions, UpgradeWorld, workload } from './upgrade-world.testing.ts';
import { isOpen } from './windows.ts';
import { comparePlaces, placeOf } from './workload.ts';

/** What happens to an upgrade, in any order. */
type Happening =
  | { readonly kind: 'reconcile'; readonly extent: Extent }
  | { readonly kind: 'restart' }
  | { readonly kind: 'unread' }
  | { readonly kind: 'rollOut'; readonly index: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'pause'; readonly paused: boolean }
  | { readonly kind: 'ask'; readonly revision: keyof typeof revisions }
  | { readonly kind: 'istiod'; readonly ready: boolean }
  | { readonly kind: 'batches'; readonly size: number | string }
  | { readonly kind: 'add'; readonly name: string };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('reconcile'),
      extent: fc.constantFrom<Extent>('nothing', 'status', 'status and one move', 'everything', 'everything'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'unread') }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('rollOut'), index: fc.nat({ max: 9 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(1000, 30_000, 60_000, 700_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pause'), paused: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('ask'), revision: fc.constantFrom('one', 'two', 'two', 'three') }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('istiod'), ready: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('batches'), size: fc.constantFrom(1, 3, '20%', '100%') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('add'), name: fc.constantFrom('aa', 'cc', 'zz') }) },
);

const faulty = fc.constantFrom<Fault | undefined>(undefined, undefined, 'crash', 'reject', '503', 'stuck');

const setting = fc.record({
  count: fc.integer({ min: 0, max: 8 }),
  size: fc.constantFrom<number | string>(1, 2, 5, '20%', '50%', '100%'),
  by: fc.constantFrom<'Namespace' | 'Workload'>('Namespace', 'Workload'),
  maxUnavailable: fc.constantFrom<number | string>(1, 2, '50%', '100%'),
  faults: fc.record({ two: faulty, three: faulty }),
  hasWindows: fc.boolean(),
  autoRollback: fc.boolean(),
  budget: fc.constantFrom(undefined, 1, 2),
  happenings: fc.array(happening, { maxLength: 60 }),
});

type Setting = typeof setting extends fc.Arbitrary<infer T> ? T : never;

const windows = [{ from: '10:00', to: '10:10' }];

function worldOf({ count, size, by, maxUnavailable, faults, hasWindows, autoRollback, budget }: Setting): UpgradeWorld {
  const workloads = Array.from({ length: count }, (_, index) =>
    workload(String.fromCharCode(97 + index), { namespace: index % 2 === 0 ? 'shop' : 'stock' }),
  );
  const world = new UpgradeWorld(workloads, {
    batches: { by, size },
    maxUnavailable,
    autoRollback,
    ...(hasWindows ? { windows } : {}),
  });
  world.budget = budget;
  for (const name of ['two', 'three'] as const) {
    const fault = faults[name];
    if (fault !== undefined) world.faults.set(revisions[name].revision, fault);
  }
  return world;
}

function happen(world: UpgradeWorld, event: Happening): void {
  switch (event.kind) {
    case 'reconcile':
      held(world, event.extent);
      return;
    case 'restart':
      world.restart();
      return;
    case 'unread':
      expect(world.reconcileUnread()).toMatchObject({ moves: [], activate: false });
      return;
    case 'rollOut': {
      const chosen = world.workloads[event.index];
      world.rollOut((found) => found === chosen);
      return;
    }
    case 'pass':
      world.pass(event.ms);
      return;
    case 'pause':
      world.spec = { ...world.spec, paused: event.paused };
      return;
    case 'ask':
      world.desired = revisions[event.revision];
      return;
    case 'istiod':
      world.ready = event.ready;
      return;
    case 'batches':
      world.spec = { ...world.spec, batches: { ...world.spec.batches, size: event.size } };
      return;
    case 'add':
      if (world.workloads.some(({ name }) => name === event.name)) return;
      world.workloads = [...world.workloads, workload(event.name)];
  }
}

const restarting = (world: UpgradeWorld): number => world.workloads.filter(({ rolledOut }) => !rolledOut).length;

/** A reconcile, with what has to hold of each. */
function held(world: UpgradeWorld, extent: Extent): void {
  const missing = (): readonly number[] => ['shop', 'stock'].map((namespace) => world.missing(namespace));
  const before = {
    restarting: restarting(world),
    missing: missing(),
    places: new Map(world.workloads.map((found) => [placeOf(found), found.given])),
  };
  const decision = world.reconcile(extent);
  const { status } = decision;
  if (decision.moves.length > 0 && extent !== 'nothing') {
    const size = status?.batch?.size ?? 1;
    const most = amountOf(world.spec.maxUnavailable, size, 'down');
    // One that does not come back for as long as a batch may take does not keep others from going back.
    const isOverdue = status?.phase === 'RollingBack' && before.restarting >= most;
    if (!isOverdue) expect(restarting(world)).toBeLessThanOrEqual(Math.max(most, before.restarting));
  }
  for (const [index, count] of missing().entries()) {
    if (world.budget !== undefined)
      expect(count).toBeLessThanOrEqual(Math.max(world.budget, before.missing[index] ?? 0));
  }
  if (world.spec.paused) expect(decision.moves).toEqual([]);
  for (const { workload: ref, revision } of decision.moves) {
    expect(before.places.get(placeOf(ref))).not.toBe(revision);
    if (status === undefined || revision !== status.toRevision) continue;
    expect(status.phase).toBe('Moving');
    expect(isOpen(world.spec.windows, new Date(world.now))).toBe(true);
    expect(comparePlaces(placeOf(ref), status.batch?.through ?? '')).toBeLessThanOrEqual(0);
  }
}

describe('an upgrade, whatever happens to it', () => {
  it('keeps to its limits at each step, and comes to all moved or all back once it is left alone', () => {
    fc.assert(
      fc.property(setting, (chosen) => {
        const world = worldOf(chosen);
        for (const event of chosen.happenings) happen(world, event);
        world.spec = { ...world.spec, paused: false, windows: [], autoRollback: true, force: true };
        world.ready = true;
        world.settle();
        const { active, status } = world;
        // What has no annotation, such as what was made later, is the active one's.
        const strays = world.workloads.filter(({ given }) => given !== undefined && given !== active.revision);
        expect(strays).toEqual([]);
        if (status?.phase === 'RolledBack') expect(world.placesAt(status.toRevision)).toEqual([]);
        // Nothing bad is made the active one when it could be seen.
        if (status?.phase === 'Completed' && (status.workloads?.moved ?? 0) > 0) {
          expect(world.faults.has(status.toRevision)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('leaves later batches alone when one has failed', () => {
    fc.assert(
      fc.property(setting, fc.constantFrom<Fault>('crash', 'reject', '503', 'stuck'), (chosen, fault) => {
        const world = worldOf({ ...chosen, hasWindows: false, autoRollback: true });
        world.faults.set(revisions.two.revision, fault);
        world.settle();
        if (world.workloads.length === 0) return;
        expect(world.status).toMatchObject({ phase: 'RolledBack', batch: { index: 1 } });
        const through = world.status?.batch?.through ?? '';
        const touched = world.workloads.filter(({ kind, namespace, name }) =>
          world.moves.some((move) => move.startsWith(`${kind} ${namespace}/${name} `)),
        );
        for (const found of touched) expect(comparePlaces(placeOf(found), through)).toBeLessThanOrEqual(0);
        expect(world.placesAt(revisions.two.revision)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
