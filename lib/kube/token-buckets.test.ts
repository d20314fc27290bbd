import { describe, expect, it } from 'vitest';
import { TokenBuckets } from './token-buckets.ts';

describe('token buckets', () => {
  it('let a burst through, then as many as come back, for each key', () => {
    let now = 0;
    const buckets = new TokenBuckets({ burst: 2, refillMs: 100, maxBuckets: 10 }, () => now);
    const take = (key: string) => buckets.take(key);
    expect([take('a'), take('a'), take('a'), take('b')]).toEqual([true, true, false, true]);
    now = 99;
    expect(take('a')).toBe(false);
    now = 100;
    expect([take('a'), take('a')]).toEqual([true, false]);
    now = 10_000;
    expect([take('a'), take('a'), take('a')]).toEqual([true, true, false]);
  });

  it('say whether there is one without taking it', () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 100, maxBuckets: 10 }, () => 0);
    expect([buckets.has('a'), buckets.has('a'), buckets.take('a'), buckets.has('a')]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('forget the key that was used longest ago', () => {
    const buckets = new TokenBuckets({ burst: 1, refillMs: 1000, maxBuckets: 2 }, () => 0);
    for (const key of ['a', 'b', 'a', 'c']) buckets.take(key);
    expect(buckets.take('a')).toBe(false);
    expect(buckets.take('b')).toBe(true);
  });
});
