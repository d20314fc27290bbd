import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { coalesce } from './coalesce.ts';

describe('coalesce', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('runs once for triggers that come close together, with the time of the first', () => {
    const run = vi.fn();
    const { trigger } = coalesce({ quietMs: 10, maxMs: 100, run });
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
    const { trigger } = coalesce({ quietMs: 10, maxMs: 100, run });
    for (let elapsed = 0; elapsed < 100; elapsed += 5) {
      trigger();
      vi.advanceTimersByTime(5);
    }
    expect(run).toHaveBeenCalledOnce();
  });

  it('forgets what is pending when stopped', () => {
    const run = vi.fn();
    const coalescer = coalesce({ quietMs: 10, maxMs: 100, run });
    coalescer.trigger();
    coalescer.stop();
    vi.advanceTimersByTime(1000);
    expect(run).not.toHaveBeenCalled();
  });
});
