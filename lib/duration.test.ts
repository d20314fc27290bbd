import { describe, expect, it } from 'vitest';
import { durationMs } from './duration.ts';

describe('durationMs', () => {
  it.each([
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['1us', 0.001],
    ['87600h', 315_360_000_000],
    ['2m0.5s', 120_500],
  ])('reads %s', (text, expected) => {
    expect(durationMs(text)).toBe(expected);
  });

  it.each(['', '5', '-1s', '1d', '1s ', 's', '1h 30m'])('refuses "%s"', (text) => {
    expect(durationMs(text)).toBeUndefined();
  });
});
