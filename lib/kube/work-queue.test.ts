import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRegistry, renderMetrics } from '../metrics.ts';
import { createWorkQueue } from './work-queue.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const queue = () => createWorkQueue({ name: 'test', baseDelayMs: 5, maxDelayMs: 1000 });

describe('a work queue', () => {
  it('holds a key once, and hands out in order', async () => {
    const q = queue();
    for (const key of ['a', 'b', 'a']) q.add(key);
    expect(q.length).toBe(2);
    expect([await q.take(), await q.take()]).toEqual(['a', 'b']);
  });

  it('never hands out a key that is being processed, but once more after that', async () => {
    const q = queue();
    q.add('a');
    await q.take();
    q.add('a');
    q.add('a');
    const next = q.take();
    const taken = vi.fn();
    void next.then(taken);
    await vi.advanceTimersByTimeAsync(1000);
    expect(taken).not.toHaveBeenCalled();
    q.done('a');
    expect(await next).toBe('a');
    q.done('a');
    expect(q.length).toBe(0);
  });

  it('serves those who wait in the order in which they came', async () => {
    const q = queue();
    const takers = [q.take(), q.take()];
    q.add('a');
    q.add('b');
    expect(await Promise.all(takers)).toEqual(['a', 'b']);
  });

  it('adds after a delay, of several the shortest', async () => {
    const q = queue();
    q.addAfter('a', 500);
    q.addAfter('a', 100);
    q.addAfter('a', 300);
    await vi.advanceTimersByTimeAsync(99);
    expect(q.length).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(q.length).toBe(1);
    await q.take();
    q.done('a');
    await vi.advanceTimersByTimeAsync(1000);
    expect(q.length).toBe(0);
  });

  it('can wait longer than a timer can', async () => {
    const q = queue();
    const month = 31 * 24 * 3600 * 1000;
    q.addAfter('a', month);
    await vi.advanceTimersByTimeAsync(month - 1);
    expect(q.length).toBe(0);
    await vi.advanceTimersByTimeAsync(2);
    expect(q.length).toBe(1);
  });

  it('doubles the delay with each failure of a key up to the longest, until it is forgotten', async () => {
    const q = queue();
    const delayOf = async (): Promise<number> => {
      q.addRateLimited('a');
      let ms = 0;
      for (; q.length === 0; ms++) await vi.advanceTimersByTimeAsync(1);
      await q.take();
      q.done('a');
      return ms;
    };
    const delays = [];
    for (let i = 0; i < 10; i++) delays.push(await delayOf());
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
    expect(q.failures('a')).toBe(10);
    q.forget('a');
    expect(await delayOf()).toBe(5);
  });

  it('gives out what is ready when it is shut down, and then nothing', async () => {
    const q = queue();
    q.add('a');
    q.addAfter('later', 10);
    q.shutDown();
    q.add('late');
    expect(await q.take()).toBe('a');
    expect(await q.take()).toBeUndefined();
    await vi.advanceTimersByTimeAsync(100);
    expect(q.length).toBe(0);
  });

  it('wakes everybody who waits when it is shut down', async () => {
    const q = queue();
    const takers = [q.take(), q.take()];
    q.shutDown();
    expect(await Promise.all(takers)).toEqual([undefined, undefined]);
  });

  it('counts as client-go does', async () => {
    const metrics = createRegistry({ processMetrics: false });
    const q = createWorkQueue({ name: 'pods', metrics });
    q.add('a');
    q.add('a');
    q.add('b');
    await q.take();
    const { body } = await renderMetrics(metrics);
    expect(body).toContain('workqueue_depth{name="pods"} 1');
    expect(body).toContain('workqueue_adds_total{name="pods"} 2');
  });
});
