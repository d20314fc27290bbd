import { describe, expect, it } from 'vitest';
import { quantile, ratio, textTable, times } from './figures.ts';

describe('figures', () => {
  it('compare with something only', () => {
    expect(ratio(1, 4)).toBe(0.25);
    expect(ratio(1, 0)).toBeUndefined();
    expect(times(undefined)).toBe('');
    expect(times(0.0123)).toBe('0.012');
  });

  it('take quantiles of unsorted values', () => {
    expect(quantile([30, 9, 10, 20], 0.5)).toBe(20);
    expect(quantile([3, 1, 2], 1)).toBe(3);
    expect(quantile([], 0.99)).toBe(0);
  });

  it('stand in columns, texts to the left and figures to the right', () => {
    const table = textTable([
      ['what', 'ours', 'peer'],
      ['first', '1 ms', '1,000 ms'],
      ['second', '20 ms'],
    ]);
    expect(table.split('\n')).toEqual([
      'what     ours      peer',
      '-----------------------',
      'first    1 ms  1,000 ms',
      'second  20 ms',
    ]);
  });
});
