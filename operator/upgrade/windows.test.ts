import { describe, expect, it } from 'vitest';
import { isOpen, nextOpening } from './windows.ts';

const at = (time: string): Date => new Date(time);
const utc = 'UTC';

describe('windows', () => {
  it('are open always where there are none', () => {
    expect(isOpen([], at('2026-03-02T03:00:00Z'))).toBe(true);
  });

  it('open on their days, from their first minute to before their last', () => {
    const windows = [{ days: ['Monday', 'Tuesday'] as const, from: '02:00', to: '04:30', timeZone: utc }];
    expect(isOpen(windows, at('2026-03-02T01:59:59Z'))).toBe(false);
    expect(isOpen(windows, at('2026-03-02T02:00:00Z'))).toBe(true);
    expect(isOpen(windows, at('2026-03-03T04:29:59Z'))).toBe(true);
    expect(isOpen(windows, at('2026-03-03T04:30:00Z'))).toBe(false);
    expect(isOpen(windows, at('2026-03-04T03:00:00Z'))).toBe(false);
  });

  it('belong to the day on which they begin when they last until the next', () => {
    const windows = [{ days: ['Friday'] as const, from: '22:00', to: '06:00', timeZone: utc }];
    expect(isOpen(windows, at('2026-03-06T23:00:00Z'))).toBe(true);
    expect(isOpen(windows, at('2026-03-07T05:59:00Z'))).toBe(true);
    expect(isOpen(windows, at('2026-03-07T23:00:00Z'))).toBe(false);
    expect(isOpen(windows, at('2026-03-06T05:00:00Z'))).toBe(false);
  });

  it('are of their time zone, in summer and in winter', () => {
    const windows = [{ from: '02:00', to: '03:00', timeZone: 'Europe/Berlin' }];
    expect(isOpen(windows, at('2026-01-10T01:30:00Z'))).toBe(true);
    expect(isOpen(windows, at('2026-07-10T01:30:00Z'))).toBe(false);
    expect(isOpen(windows, at('2026-07-10T00:30:00Z'))).toBe(true);
  });

  it('tell when the next one opens, the clocks having been changed meanwhile', () => {
    const windows = [{ days: ['Monday'] as const, from: '09:00', to: '10:00', timeZone: 'Europe/Berlin' }];
    expect(nextOpening(windows, at('2026-03-23T10:00:30Z'))).toEqual(at('2026-03-30T07:00:00Z'));
    const both = [...windows, { from: '12:15', to: '12:16', timeZone: utc }];
    expect(nextOpening(both, at('2026-03-23T10:00:30Z'))).toEqual(at('2026-03-23T12:15:00Z'));
  });

  it('never open in a time zone that there is none of', () => {
    const windows = [{ from: '00:00', to: '00:00', timeZone: 'Europe/Atlantis' }];
    expect(isOpen(windows, at('2026-03-23T10:00:00Z'))).toBe(false);
    expect(nextOpening(windows, at('2026-03-23T10:00:00Z'))).toBeUndefined();
  });
});
