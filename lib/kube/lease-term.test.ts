import { describe, expect, it } from 'vitest';
import { LeaseLostError, LeaseTerm } from './lease-term.ts';

const limits = { renewDeadlineMs: 8_000, leaseDurationMs: 12_000 };

/** A term that was renewed at zero of both clocks, and the clocks. */
function start() {
  const at = { monotonic: 0, wall: 0 };
  const clock = { monotonic: () => at.monotonic, now: () => at.wall, sleep: () => Promise.resolve() };
  return { term: new LeaseTerm('n/l', limits, clock, { ...at }), at };
}

describe('a term of leadership', () => {
  it('holds until the renew deadline, and from each renewal anew', () => {
    const { term, at } = start();
    at.monotonic = at.wall = 7_999;
    expect(() => term.assertHeld()).not.toThrow();
    term.renewed({ monotonic: 6_000, wall: 6_000 });
    at.monotonic = at.wall = 13_999;
    expect(() => term.assertHeld()).not.toThrow();
    expect(term.remainingMs()).toBe(4_001);
    at.monotonic = at.wall = 14_000;
    expect(() => term.assertHeld()).toThrow('lease n/l: not renewed for 8000 ms, another may lead');
  });

  it('is over for a process that was stopped, before any timer has told it', () => {
    const { term, at } = start();
    at.monotonic = at.wall = 60_000;
    expect(() => term.assertHeld()).toThrow(LeaseLostError);
    expect(term.remainingMs()).toBe(0);
  });

  it('is over after the sleep of a machine, in which the monotonic clock stands still', () => {
    const { term, at } = start();
    at.wall = 60_000;
    expect(() => term.assertHeld()).toThrow(LeaseLostError);
    term.renewed({ monotonic: at.monotonic, wall: at.wall });
    expect(() => term.assertHeld()).not.toThrow();
  });

  it('is over however far back the wall clock was set', () => {
    const { term, at } = start();
    at.monotonic = 8_000;
    at.wall = -3_600_000;
    expect(() => term.assertHeld()).toThrow(LeaseLostError);
  });

  it('is over for good once it is lost', () => {
    const { term } = start();
    term.lose('other');
    term.renewed({ monotonic: 0, wall: 0 });
    expect(() => term.assertHeld()).toThrow('lease n/l: is held by other');
    expect(term.lost.aborted).toBe(true);
  });
});
