import { describe, expect, it } from 'vitest';
import { paced } from './paced.ts';

describe('what is paced', () => {
  it('begins a few at a time in the order in which it came, and lets others have their turn', async () => {
    const begun: (number | string)[] = [];
    const begin = paced<number>(2, (item) => begun.push(item));
    for (const item of [1, 2, 3, 4, 5]) begin(item);
    expect(begun).toEqual([]);
    for (let round = 0; round < 3; round++) {
      await new Promise((resolve) => setImmediate(resolve));
      begun.push('-');
    }
    expect(begun).toEqual([1, 2, '-', 3, 4, '-', 5, '-']);
    begin(6);
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun.at(-1)).toBe(6);
  });
});
