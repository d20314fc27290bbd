import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reported } from './progress.ts';

describe('reported', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('is silent about quick work, and gives its result', async () => {
    const lines: string[] = [];
    expect(
      await reported(
        (line) => lines.push(line),
        'quick',
        () => Promise.resolve(7),
      ),
    ).toBe(7);
    expect(lines).toEqual([]);
  });

  it('says what takes long, and goes on saying for how long', async () => {
    const lines: string[] = [];
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const work = reported(
      (line) => lines.push(line),
      'slow',
      () => promise,
    );
    await vi.advanceTimersByTimeAsync(23_000);
    expect(lines).toEqual(['slow …', 'slow (12 s so far)', 'slow (22 s so far)']);
    resolve(undefined);
    await work;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lines).toHaveLength(3);
  });

  it('is silent after work that failed', async () => {
    const lines: string[] = [];
    await expect(
      reported(
        (line) => lines.push(line),
        'bad',
        () => Promise.reject(new Error('no luck')),
      ),
    ).rejects.toThrow();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(lines).toEqual([]);
  });
});
