import { describe, expect, it } from 'vitest';
import { isNews } from './backoff.ts';
import { ConnectionError, KubeError } from './error.ts';
import { retryDelayMs } from './reflector.ts';

const hour = 3_600_000;
const refusedConnection = new ConnectionError('no connection', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
});

/** The delays before the tries of an hour in which all fail. */
function delaysOfAnHour(error: Error): readonly number[] {
  const delays: number[] = [];
  for (let passed = 0; passed < hour;) {
    const delay = retryDelayMs(delays.length + 1, error);
    delays.push(delay);
    passed += delay;
  }
  return delays;
}

describe('the back-off of an informer', () => {
  it.each([
    ['a server that is away', refusedConnection, 6_500, 1_100],
    ['a server that refuses', new KubeError('list pods', 500, ''), 13_000, 600],
  ])('neither spins nor sleeps long in an hour of %s, and says little', (_, error, longestMs, mostTries) => {
    const delays = delaysOfAnHour(error);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(140);
    expect(Math.max(...delays)).toBeLessThanOrEqual(longestMs);
    expect(delays.length).toBeLessThan(mostTries);
    const said = delays.filter((_delay, at) => isNews(at + 1));
    expect(said.length).toBeLessThanOrEqual(11);
  });

  it('is as long as an overloaded server asks for, within reason', () => {
    const busy = (seconds: string) => new KubeError('watch pods', 429, '', seconds);
    expect(retryDelayMs(1, busy('7'))).toBe(7_000);
    expect(retryDelayMs(1, busy('86400'))).toBe(120_000);
  });
});
