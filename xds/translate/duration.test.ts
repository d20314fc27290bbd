import { describe, expect, it } from 'vitest';
import { isZero, milliseconds, parseDuration } from './duration.ts';

describe('parseDuration', () => {
  it.each([
    ['250ms', 0n, 250_000_000],
    ['1.5s', 1n, 500_000_000],
    ['1h30m', 5400n, 0],
    ['.5s', 0n, 500_000_000],
    ['2m0.001s', 120n, 1_000_000],
    ['10us', 0n, 10_000],
    ['0s', 0n, 0],
    ['0', 0n, 0],
  ])('reads %s', (text, seconds, nanos) => {
    expect(parseDuration(text)).toMatchObject({ seconds, nanos });
  });

  it.each(['', '5', '-1s', '1 s', 's', '1s ', '1d', '1.s5', '1s-1s', 'ms5', '999999999h'])('refuses "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('tells no time from some', () => {
    expect(isZero(milliseconds(0))).toBe(true);
    expect(isZero(milliseconds(1))).toBe(false);
  });
});
