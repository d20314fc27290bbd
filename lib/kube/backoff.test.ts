import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff.ts';

describe('backoffMs', () => {
  it('doubles up to the maximum, for any number of failures', () => {
    const delays = [1, 2, 3, 4, 5, 2000].map((failures) => backoffMs(failures, { baseMs: 200, maxMs: 1000 }));
    expect(delays).toEqual([200, 400, 800, 1000, 1000, 1000]);
  });

  it('spreads by the jitter to both sides', () => {
    const options = { baseMs: 100, maxMs: 1000, jitter: 0.3 };
    expect(backoffMs(1, options, () => 0)).toBeCloseTo(70);
    expect(backoffMs(1, options, () => 0.5)).toBeCloseTo(100);
    expect(backoffMs(1, options, () => 1)).toBeCloseTo(130);
  });
});
