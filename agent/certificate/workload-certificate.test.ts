import { describe, expect, it } from 'vitest';
import { recordingLogger } from '../../lib/logger.ts';
import { makeTestRoot } from '../testing/test-certificates.ts';
import type { IssuedCertificate } from './issued-certificate.ts';
import { renewalTime, retryDelay } from './renewal-schedule.ts';
import { WorkloadCertificate } from './workload-certificate.ts';

const hour = 3_600_000;
const root = makeTestRoot('root').pem;

/** A clock that is turned by hand; `sleepUntil` moves it as a machine does that was suspended: its timers stand still. */
function handClock() {
  let now = 0;
  let timers: { readonly at: number; readonly callback: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  };
  return {
    now: () => now,
    random: () => 0.5,
    after: (ms: number, callback: () => void) => {
      const timer = { at: now + ms, callback };
      timers.push(timer);
      return { cancel: () => (timers = timers.filter((other) => other !== timer)) };
    },
    longestTimer: () => Math.max(...timers.map(({ at }) => at - now)),
    jump: (ms: number) => {
      now += ms;
      timers = timers.map(({ at, callback }) => ({ at: at + ms, callback }));
    },
    advance: async (ms: number) => {
      const end = now + ms;
      for (;;) {
        await settle();
        const [next] = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.at);
        next.callback();
      }
      now = end;
    },
  };
}

function started(lifetimeMs: number, failing: () => boolean = () => false) {
  const clock = handClock();
  const log = recordingLogger();
  const asked: number[] = [];
  const used: IssuedCertificate[] = [];
  const certificate = new WorkloadCertificate({
    clock,
    log,
    issue: () => {
      asked.push(clock.now());
      if (failing()) return Promise.reject(new Error('authority is away'));
      return Promise.resolve({
        chain: '',
        privateKey: '',
        roots: root,
        serialNumber: String(asked.length),
        notAfter: clock.now() + lifetimeMs,
      });
    },
    use: (issued) => used.push(issued),
  });
  certificate.start();
  return { clock, log, asked, used, certificate };
}

describe('the workload certificate', () => {
  it('is renewed at half of its life, again and again', async () => {
    const { clock, asked, used } = started(24 * hour);
    await clock.advance(30 * hour);
    expect(asked).toEqual([0, 12 * hour, 24 * hour]);
    expect(used.map((issued) => issued.serialNumber)).toEqual(['1', '2', '3']);
  });

  it('is asked for with growing pauses while the authority is away, and kept meanwhile', async () => {
    let away = false;
    const { clock, asked, used, certificate, log } = started(24 * hour, () => away);
    await clock.advance(hour);
    away = true;
    await clock.advance(24 * hour);
    expect(certificate.current?.serialNumber).toBe('1');
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(pauses.slice(1, 4)).toEqual([375, 750, 1500]);
    expect(Math.max(...pauses.slice(1))).toBe(45_000);
    expect(log.entries.find(({ level }) => level === 'warn')?.fields['error']).toMatch(/authority is away/);
    away = false;
    await clock.advance(60_000);
    expect(used).toHaveLength(2);
    expect(certificate.counts.failuresInARow).toBe(0);
  });

  it('is renewed soon after a machine wakes up, although timers stood still', async () => {
    const { clock, asked } = started(24 * hour);
    await clock.advance(hour);
    clock.jump(20 * hour);
    await clock.advance(31_000);
    expect(asked).toHaveLength(2);
  });

  it('is renewed when its root is no longer among the trusted ones', async () => {
    const { clock, asked, certificate } = started(24 * hour);
    await clock.advance(hour);
    certificate.rootsChanged(root + makeTestRoot('new').pem);
    await clock.advance(10_000);
    expect(asked).toHaveLength(1);
    certificate.rootsChanged(makeTestRoot('new').pem);
    await clock.advance(10_000);
    expect(asked).toHaveLength(2);
  });

  it('is not asked for after the stop', async () => {
    const { clock, asked, certificate } = started(24 * hour);
    await clock.advance(hour);
    certificate.stop();
    await clock.advance(24 * hour);
    expect(asked).toHaveLength(1);
  });
});

describe('times', () => {
  it('of renewals are around half of a life', () => {
    expect(renewalTime(1000, 2000, 0)).toBe(1450);
    expect(renewalTime(1000, 2000, 1)).toBe(1550);
  });

  it('of retries double up to a minute, half of each left to chance', () => {
    expect([1, 2, 3, 100].map((failures) => retryDelay('renewal', failures, 0))).toEqual([250, 500, 1000, 30_000]);
    expect(retryDelay('renewal', 1000, 1)).toBe(60_000);
    expect(retryDelay('first', 1000, 1)).toBe(10_000);
  });
});
