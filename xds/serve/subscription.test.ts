import { create, fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { ClusterLoadAssignmentSchema } from '../envoy/gen/envoy/config/endpoint/v3/endpoint_pb.js';
import { DiscoveryResponseSchema } from '../envoy/gen/envoy/service/discovery/v3/discovery_pb.js';
import type { ResourceType } from '../envoy/type-urls.ts';
import { resource, visibleOf } from './resources.testing.ts';
import type { Update } from './subscription.ts';
import { Subscription } from './subscription.ts';

const none: ReadonlySet<string> = new Set();
const see = (type: ResourceType, ...names: string[]) => visibleOf(type, names);
const names = (update: Update | undefined) =>
  update && { sent: update.resources.map(({ name }) => name).sort(), removed: [...update.removed].sort() };

function delta(type: ResourceType, subscribe: readonly string[], ...visible: string[]) {
  const subscription = new Subscription(type);
  const first = subscription.startDelta(subscribe, new Map(), see(type, ...visible));
  return { subscription, first };
}

describe('a delta subscription', () => {
  it.each([[[]], [['*']], [['*', 'a']]])('of clusters to %j has everything, own resources too', (subscribe) => {
    const { first } = delta('cluster', subscribe, 'a', 'b', 'own.c');
    expect(names(first)).toEqual({ sent: ['a', 'b', 'own.c'], removed: [] });
  });

  it('of endpoints to nothing has nothing', () => {
    const { subscription, first } = delta('endpoint', [], 'a');
    expect(names(first)).toEqual({ sent: [], removed: [] });
    expect(subscription.updateDelta(see('endpoint', 'a', 'b'), none)).toBeUndefined();
  });

  it('has the names it asked for, and is told of those that do not exist', () => {
    const { subscription, first } = delta('route', ['a', 'x'], 'a', 'b');
    expect(names(first)).toEqual({ sent: ['a'], removed: ['x'] });
    expect(names(subscription.updateDelta(see('route', 'a', 'b', 'x'), none))).toEqual({ sent: ['x'], removed: [] });
  });

  it('of endpoints gets an empty assignment for what does not exist, so that Envoy is done with the cluster', () => {
    const { subscription, first } = delta('endpoint', ['a', 'x'], 'a');
    expect(names(first)).toEqual({ sent: ['a', 'x'], removed: [] });
    const empty = first.resources.find(({ name }) => name === 'x');
    const { resources } = fromBinary(DiscoveryResponseSchema, empty?.sotwBytes ?? Buffer.alloc(0));
    expect(resources[0] && anyUnpack(resources[0], ClusterLoadAssignmentSchema)).toEqual(
      create(ClusterLoadAssignmentSchema, { clusterName: 'x' }),
    );
    expect(names(subscription.changeDelta(['y'], [], see('endpoint', 'a')))).toEqual({ sent: ['y'], removed: [] });
    // Also where it went after its cluster had been sent once more.
    expect(names(subscription.updateDelta(see('endpoint'), new Set(['a'])))).toEqual({ sent: ['a'], removed: [] });
  });

  it('is sent what changed and told what is gone, of what it wants only', () => {
    const { subscription } = delta('endpoint', ['a', 'b', 'c'], 'a', 'b', 'c', 'd');
    const now = see('endpoint', 'a', 'b=v2', 'd=v2', 'e');
    expect(subscription.isBehind(now)).toBe(true);
    expect(names(subscription.updateDelta(now, none))).toEqual({ sent: ['b'], removed: ['c'] });
    expect(subscription.isBehind(now)).toBe(false);
    expect(subscription.updateDelta(now, none)).toBeUndefined();
  });

  it('does not take a name for gone that moved between what it shares and what is its own', () => {
    const { subscription } = delta('cluster', ['*'], 'a');
    const moved = see('cluster');
    moved.own.put(resource('cluster', 'a'));
    expect(names(subscription.updateDelta(moved, none))).toEqual({ sent: ['a'], removed: [] });
  });

  it('is sent again what is asked for again', () => {
    const { subscription } = delta('route', ['a'], 'a', 'b');
    const now = see('route', 'a', 'b');
    expect(names(subscription.changeDelta(['a'], [], now))).toEqual({ sent: ['a'], removed: [] });
    expect(names(subscription.changeDelta(['b', 'x'], [], now))).toEqual({ sent: ['b'], removed: ['x'] });
  });

  it('is no more told of what it left', () => {
    const { subscription } = delta('endpoint', ['a', 'b'], 'a', 'b');
    expect(subscription.changeDelta([], ['a'], see('endpoint', 'a', 'b'))).toBeUndefined();
    expect(subscription.updateDelta(see('endpoint', 'a=v2', 'b'), none)).toBeUndefined();
    expect(names(subscription.changeDelta(['a'], [], see('endpoint', 'a=v2', 'b')))?.sent).toEqual(['a']);
  });

  it('sends along with an answer whatever else changed meanwhile', () => {
    const { subscription } = delta('endpoint', ['a', 'b'], 'a', 'b', 'c');
    const now = see('endpoint', 'a=v2', 'c');
    expect(names(subscription.changeDelta(['c'], [], now))).toEqual({ sent: ['a', 'c'], removed: ['b'] });
    expect(subscription.updateDelta(now, none)).toBeUndefined();
  });

  it('keeps names when it leaves the wildcard, and the wildcard when it leaves names', () => {
    const { subscription } = delta('cluster', ['*', 'a', 'x'], 'a', 'b');
    const now = see('cluster', 'a', 'b');
    // What a wildcard still covers is confirmed; what is not there is said to be gone.
    expect(names(subscription.changeDelta([], ['a', 'x'], now))).toEqual({ sent: ['a'], removed: ['x'] });
    expect(names(subscription.updateDelta(see('cluster', 'a=v2', 'b'), none))?.sent).toEqual(['a']);
    expect(names(subscription.changeDelta(['b'], ['*'], see('cluster', 'a=v2', 'b')))?.sent).toEqual(['b']);
    expect(subscription.isWildcard).toBe(false);
    expect(names(subscription.updateDelta(see('cluster', 'a=v3', 'b=v2'), none))?.sent).toEqual(['b']);
    expect(names(subscription.changeDelta(['*'], [], see('cluster', 'a=v3', 'b=v2')))?.sent).toEqual(['a', 'b']);
  });

  it('is sent on another stream what differs from what it holds, and told what is gone', () => {
    const held = new Map([
      ['a', resource('cluster', 'a').version],
      ['b', 'of-old'],
      ['gone', 'of-old'],
    ]);
    const subscription = new Subscription('cluster');
    const update = subscription.startDelta(['*'], held, see('cluster', 'a', 'b', 'c'));
    expect(names(update)).toEqual({ sent: ['b', 'c'], removed: ['gone'] });
    const byName = new Subscription('route');
    expect(names(byName.startDelta(['a', 'x'], held, see('route', 'a')))).toEqual({ sent: [], removed: ['x'] });
  });

  it('is sent names again on demand, if it wants them and they exist', () => {
    const { subscription } = delta('route', ['a', 'b', 'x'], 'a', 'b', 'c');
    const now = see('route', 'a', 'b=v2', 'c');
    expect(names(subscription.updateDelta(now, new Set(['a', 'b', 'c', 'x'])))).toEqual({
      sent: ['a', 'b'],
      removed: [],
    });
  });
});

describe('a state-of-the-world subscription', () => {
  function sotw(type: ResourceType, asked: readonly string[], ...visible: string[]) {
    const subscription = new Subscription(type);
    subscription.changeSotw(asked, see(type, ...visible));
    const first = subscription.wholeState(see(type, ...visible));
    return { subscription, first };
  }

  it('of clusters is sent everything after any change', () => {
    const { subscription, first } = sotw('cluster', [], 'a', 'b');
    expect(names(first)?.sent).toEqual(['a', 'b']);
    const update = subscription.updateSotw(see('cluster', 'a', 'b=v2'), none);
    expect(names(update)?.sent).toEqual(['a', 'b']);
    expect(update?.changed?.map(({ name }) => name)).toEqual(['b']);
    const removal = subscription.updateSotw(see('cluster', 'a'), none);
    expect(names(removal)).toEqual({ sent: ['a'], removed: ['b'] });
    expect(removal?.changed).toEqual([]);
    expect(subscription.updateSotw(see('cluster', 'a'), none)).toBeUndefined();
  });

  it('of endpoints is sent what changed of its names, and nothing of what is gone', () => {
    const { subscription } = sotw('endpoint', ['a', 'b'], 'a', 'b', 'c');
    expect(names(subscription.updateSotw(see('endpoint', 'a=v2', 'b', 'c=v2'), none))?.sent).toEqual(['a']);
    expect(subscription.updateSotw(see('endpoint', 'b', 'c=v2'), none)).toBeUndefined();
  });

  it('is sent the names that it asks for in addition, with what changed meanwhile', () => {
    const { subscription } = sotw('endpoint', ['a'], 'a', 'b', 'c');
    expect(subscription.changeSotw(['a'], see('endpoint', 'a', 'b', 'c'))).toBeUndefined();
    expect(names(subscription.changeSotw(['b', 'a'], see('endpoint', 'a', 'b', 'c')))?.sent).toEqual(['b']);
    expect(names(subscription.changeSotw(['b', 'a', 'c'], see('endpoint', 'a=v2', 'b', 'c')))?.sent).toEqual([
      'a',
      'c',
    ]);
    expect(subscription.updateSotw(see('endpoint', 'a=v2', 'b', 'c'), none)).toBeUndefined();
  });

  it('that asks for less, or for what is not there yet, is answered once there is something to say', () => {
    const { subscription } = sotw('route', ['a', 'b'], 'a', 'b');
    expect(subscription.changeSotw(['b'], see('route', 'a', 'b'))).toBeUndefined();
    expect(subscription.updateSotw(see('route', 'a=v2', 'b'), none)).toBeUndefined();
    expect(subscription.changeSotw(['b', 'x'], see('route', 'a=v2', 'b'))).toBeUndefined();
    expect(names(subscription.updateSotw(see('route', 'b', 'x'), none))?.sent).toEqual(['x']);
  });

  it('of endpoints gets an empty assignment for what does not exist', () => {
    const { subscription } = sotw('endpoint', ['a'], 'a');
    expect(names(subscription.changeSotw(['a', 'x'], see('endpoint', 'a')))?.sent).toEqual(['x']);
    expect(names(subscription.updateSotw(see('endpoint'), new Set(['a'])))?.sent).toEqual(['a']);
  });

  it('that once named clusters wants none when it names none', () => {
    const { subscription } = sotw('cluster', ['a'], 'a', 'b');
    expect(subscription.isWildcard).toBe(false);
    subscription.changeSotw([], see('cluster', 'a', 'b'));
    expect(subscription.isWildcard).toBe(false);
    expect(names(subscription.changeSotw(['*'], see('cluster', 'a', 'b')))?.sent).toEqual(['a', 'b']);
  });
});

describe('the answers to a subscription', () => {
  const update = (...sent: string[]): Update => ({
    resources: sent.map((name) => resource('cluster', name)),
    removed: [],
  });

  it('settle it one by one, and tell what is answered; a stale nonce answers nothing', () => {
    const { subscription } = delta('cluster', ['*'], 'a');
    expect(subscription.settled).toBe(true);
    subscription.markSent('n1', 'v1', { ...update('a'), removed: ['x'] });
    subscription.markSent('n2', 'v2', update('b'));
    expect(subscription.acknowledge({ nonce: 'n0' })).toBeUndefined();
    expect(subscription.acknowledge({ nonce: 'n1' })).toEqual({ version: 'v1', ...update('a'), removed: ['x'] });
    expect(subscription.settled).toBe(false);
    expect(subscription.acknowledge({ nonce: 'n1' })).toBeUndefined();
    expect(subscription.acknowledge({ nonce: 'n2' })).toMatchObject(update('b'));
    expect(subscription).toMatchObject({ settled: true, versionAcked: 'v2', nonceAcked: 'n2' });
    // With the last nonce again a client changes its names.
    expect(subscription.acknowledge({ nonce: 'n2' })).toBe('again');
  });

  it('hold for all that was sent before', () => {
    const { subscription } = delta('cluster', ['*'], 'a');
    for (const nonce of ['n1', 'n2', 'n3']) subscription.markSent(nonce, nonce, update('a'));
    expect(subscription.acknowledge({ nonce: 'n2' })).toMatchObject({ version: 'n2' });
    expect(subscription).toMatchObject({ unanswered: 1, settled: false, versionAcked: 'n2' });
    expect(subscription.acknowledge({ nonce: 'n1' })).toBeUndefined();
    expect(subscription.acknowledge({ nonce: 'n3' })).toMatchObject({ version: 'n3' });
    expect(subscription.settled).toBe(true);
  });

  it('keep what a rejection says until something is accepted, and the version and nonce accepted last', () => {
    const { subscription } = delta('cluster', ['*'], 'a');
    subscription.markSent('n1', 'v1', update('a'));
    subscription.acknowledge({ nonce: 'n1' });
    subscription.markSent('n2', 'v2', update('a'));
    subscription.acknowledge({ nonce: 'n2', error: 'no such filter' });
    expect(subscription).toMatchObject({
      settled: true,
      lastError: 'no such filter',
      versionAcked: 'v1',
      nonceAcked: 'n1',
      nonceSent: 'n2',
    });
    subscription.markSent('n3', 'v3', update('a'));
    subscription.acknowledge({ nonce: 'n3' });
    expect(subscription).toMatchObject({ lastError: undefined, versionAcked: 'v3', nonceAcked: 'n3' });
  });

  it('that reject one resource by delta are remembered until that one is sent anew, gone, or left', () => {
    for (const forget of ['sent', 'removed', 'left'] as const) {
      const { subscription } = delta('endpoint', ['a', 'b'], 'a', 'b');
      const rejected: Update = { resources: [resource('endpoint', 'a', 'v2')], removed: [] };
      expect(subscription.retry(rejected, 'no')).toEqual(rejected.resources);
      subscription.markSent('n1', 'v1', { resources: [resource('endpoint', 'b')], removed: [] });
      subscription.acknowledge({ nonce: 'n1' });
      expect(subscription.lastError).toBe('no');
      if (forget === 'sent')
        subscription.markSent('n2', 'v2', { resources: [resource('endpoint', 'a', 'v3')], removed: [] });
      if (forget === 'removed') subscription.markSent('n2', 'v2', { resources: [], removed: ['a'] });
      if (forget === 'left') subscription.changeDelta([], ['a'], see('endpoint', 'a', 'b'));
      expect(subscription.lastError, forget).toBeUndefined();
    }
  });

  it('that reject several by delta put it behind until all parts have been sent', () => {
    const { subscription } = delta('cluster', ['*'], 'a', 'b');
    const now = see('cluster', 'a', 'b');
    subscription.updateDelta(now, none);
    expect(subscription.retry({ ...update('a', 'b'), removed: ['x'] }, 'no')).toEqual([]);
    expect(subscription).toMatchObject({ lastError: undefined });
    const seen: ReturnType<typeof names>[] = [];
    while (subscription.isBehind(now)) seen.push(names(subscription.updateDelta(now, none)));
    expect(seen).toEqual([
      { sent: [], removed: ['x'] },
      { sent: ['a'], removed: [] },
      { sent: ['b'], removed: [] },
    ]);
  });
});
