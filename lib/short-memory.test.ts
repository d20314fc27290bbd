import { describe, expect, it } from 'vitest';
import { ShortMemory } from './short-memory.ts';

describe('ShortMemory', () => {
  it('asks once while the answer holds, and again afterwards', async () => {
    let time = 0;
    let asked = 0;
    const memory = new ShortMemory<number>(10, () => time);
    const ask = (): Promise<{ value: number; expires: number }> =>
      Promise.resolve({ value: ++asked, expires: time + 100 });
    expect([await memory.get('a', ask), await memory.get('a', ask)]).toEqual([1, 1]);
    time = 100;
    expect(await memory.get('a', ask)).toBe(2);
  });

  it('asks once for all who want the same at the same time', async () => {
    let asked = 0;
    const memory = new ShortMemory<number>(10, () => 0);
    const ask = (): Promise<{ value: number; expires: number }> => Promise.resolve({ value: ++asked, expires: 1 });
    expect(await Promise.all([memory.get('a', ask), memory.get('a', ask), memory.get('b', ask)])).toEqual([1, 1, 2]);
  });

  it('forgets failures and answers that do not hold', async () => {
    const memory = new ShortMemory<number>(10, () => 5);
    await expect(memory.get('a', () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await memory.get('a', () => Promise.resolve({ value: 1, expires: 0 }))).toBe(1);
    expect(await memory.get('a', () => Promise.resolve({ value: 2, expires: 10 }))).toBe(2);
  });

  it('holds no more than it may', async () => {
    const memory = new ShortMemory<number>(3, () => 0);
    for (let key = 0; key < 10; key++) await memory.get(String(key), () => Promise.resolve({ value: key, expires: 1 }));
    expect(memory.size).toBe(3);
    expect(await memory.get('9', () => Promise.reject(new Error('asked')))).toBe(9);
  });
});
