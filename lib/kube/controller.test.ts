import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { recordingLogger } from '../logger.ts';
import { createRegistry, renderMetrics } from '../metrics.ts';
import { runController, TerminalError } from './controller.ts';
import type { Reconciler } from './controller.ts';
import { KubeError } from './error.ts';
import { createWorkQueue } from './work-queue.ts';

function start(reconcile: Reconciler, concurrency = 1) {
  const stop = new AbortController();
  const logger = recordingLogger();
  const metrics = createRegistry({ processMetrics: false });
  const queue = createWorkQueue({ name: 'test', baseDelayMs: 1 });
  const done = runController({ name: 'test', queue, reconcile, concurrency, logger, metrics, signal: stop.signal });
  onTestFinished(async () => {
    stop.abort();
    await done;
  });
  return { queue, logger, metrics, stop, done };
}

describe('a controller', () => {
  it('tries again after an error, with the cause in the log, and stops counting after a success', async () => {
    const tries: string[] = [];
    const { queue, logger, metrics } = start((key) => {
      tries.push(key);
      return tries.length < 3 ? Promise.reject(new Error('not yet')) : Promise.resolve({});
    });
    queue.add('a');
    await vi.waitFor(() => expect(tries).toEqual(['a', 'a', 'a']));
    await vi.waitFor(() => expect(queue.failures('a')).toBe(0));
    expect(logger.entries.filter(({ level }) => level === 'error')).toMatchObject([
      { component: 'test', fields: { key: 'a', failures: 1 } },
      { component: 'test', fields: { key: 'a', failures: 2 } },
    ]);
    const { body } = await renderMetrics(metrics);
    expect(body).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 2');
    expect(body).toContain('controller_runtime_reconcile_total{controller="test",result="success"} 1');
  });

  it('leaves an overloaded server alone for as long as it asks', async () => {
    const { queue, logger } = start(() =>
      Promise.reject(new Error('not applied', { cause: new KubeError('apply', 429, '', '60') })),
    );
    const delays: unknown[][] = [];
    const addRateLimited = queue.addRateLimited.bind(queue);
    queue.addRateLimited = (...args) => {
      delays.push(args);
      addRateLimited(...args);
    };
    queue.add('a');
    await vi.waitFor(() => expect(logger.entries).toHaveLength(1));
    expect(delays).toEqual([['a', 60_000]]);
  });

  it('names some of many failures, and counts the others', async () => {
    const failed = new Set<string>();
    const { queue, logger } = start((key) => {
      failed.add(key);
      return Promise.reject(new Error('no'));
    }, 8);
    for (let i = 0; i < 500; i++) queue.add(`k${String(i)}`);
    await vi.waitFor(() => expect(failed.size).toBe(500));
    const said = logger.entries.filter(({ level }) => level === 'error');
    expect(said.length).toBeGreaterThanOrEqual(20);
    expect(said.length).toBeLessThan(40);
  });

  it('waits for a change after a terminal error', async () => {
    const reconcile = vi.fn<Reconciler>(() => Promise.reject(new TerminalError('spec is wrong')));
    const { queue, logger } = start(reconcile);
    queue.add('a');
    await vi.waitFor(() => expect(logger.entries).toHaveLength(1));
    expect(logger.entries[0]?.message).toBe('reconcile failed for good');
    expect(queue.failures('a')).toBe(0);
    queue.add('a');
    await vi.waitFor(() => expect(reconcile).toHaveBeenCalledTimes(2));
  });

  it('looks again when it is asked to', async () => {
    let calls = 0;
    const { queue } = start(() => Promise.resolve(++calls < 3 ? { requeueAfterMs: 1 } : {}));
    queue.add('a');
    await vi.waitFor(() => expect(calls).toBe(3));
  });

  it('works on several keys at once, but never on one key twice', async () => {
    const running = new Map<string, number>();
    let most = 0;
    let sameKey = 0;
    const { queue } = start(async (key) => {
      running.set(key, (running.get(key) ?? 0) + 1);
      sameKey = Math.max(sameKey, ...running.values());
      most = Math.max(
        most,
        [...running.values()].reduce((a, b) => a + b),
      );
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
      running.set(key, (running.get(key) ?? 0) - 1);
      return {};
    }, 3);
    for (let i = 0; i < 20; i++) {
      queue.add(`k${i % 5}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await vi.waitFor(() => expect([...running.values()].every((count) => count === 0)).toBe(true));
    expect(most).toBe(3);
    expect(sameKey).toBe(1);
  });

  it('ends when the signal aborts and the running reconcile has ended, leaving the rest', async () => {
    const seen: string[] = [];
    const { queue, stop, done } = start(async (key, { signal }) => {
      seen.push(key);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      signal.throwIfAborted();
      return {};
    });
    queue.add('a');
    queue.add('b');
    await vi.waitFor(() => expect(seen).toEqual(['a']));
    stop.abort();
    await done;
    expect(seen).toEqual(['a']);
  });
});
