import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coalesce } from './coalesce.ts';

describe('coalesce', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('runs once for triggers that come close together, with the time of the first', () => {
    const run = vi.fn();
    const { trigger } = coalesce({ quietMs: 10, maxMs: 100, burst: 5, run });
    const start = performance.now();
    trigger();
    vi.advanceTimersByTime(5);
    trigger();
    vi.advanceTimersByTime(9);
    expect(run).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(run).toHaveBeenCalledExactlyOnceWith(start);
  });

  it('runs within the longest wait while triggers keep coming', () => {
    const run = vi.fn();
    const { trigger } = coalesce({ quietMs: 10, maxMs: 100, burst: 5, run });
    for (let elapsed = 0; elapsed < 100; elapsed += 5) {
      trigger();
      vi.advanceTimersByTime(5);
    }
    expect(run).toHaveBeenCalledOnce();
  });

  it('runs not more often than allowed in the long run, and at once again after a rest', () => {
    const run = vi.fn();
    const { trigger } = coalesce({ quietMs: 5, maxMs: 100, burst: 3, run });
    // Triggers that leave gaps, each long enough to run.
    for (let elapsed = 0; elapsed < 2000; elapsed += 10) {
      trigger();
      vi.advanceTimersByTime(10);
    }
    expect(run.mock.calls.length).toBeGreaterThanOrEqual(20);
    expect(run.mock.calls.length).toBeLessThanOrEqual(23);
    vi.advanceTimersByTime(1000);
    run.mockClear();
    trigger();
    vi.advanceTimersByTime(5);
    expect(run).toHaveBeenCalledOnce();
  });

  it('forgets what is pending when stopped', () => {
    const run = vi.fn();
    const coalescer = coalesce({ quietMs: 10, maxMs: 100, burst: 5, run });
    coalescer.trigger();
    coalescer.stop();
    vi.advanceTimersByTime(1000);
    expect(run).not.toHaveBeenCalled();
  });
});
