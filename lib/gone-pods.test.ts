import { describe, expect, it } from 'vitest';
import { GonePods } from './gone-pods.ts';

describe('the pods that are gone', () => {
  it('are known for the given time', () => {
    let now = 0;
    const pods = new GonePods({ memoryMs: 100, now: () => now });
    pods.add('a');
    expect([pods.has('a'), pods.has('b')]).toEqual([true, false]);
    now = 99;
    expect(pods.has('a')).toBe(true);
    now = 100;
    expect(pods.has('a')).toBe(false);
  });

  it('take no memory once they are forgotten, nor more than is allowed', () => {
    let now = 0;
    const pods = new GonePods({ memoryMs: 100, maxPods: 2, now: () => now });
    for (const uid of ['a', 'b', 'a', 'c']) pods.add(uid);
    expect([pods.has('a'), pods.has('b'), pods.has('c'), pods.size]).toEqual([true, false, true, 2]);
    now = 200;
    pods.add('d');
    expect(pods.size).toBe(1);
  });
});
