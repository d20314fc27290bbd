import { describe, expect, it } from 'vitest';
import { Memo } from './memo.ts';

describe('a memo', () => {
  it('computes once for the same inputs: objects by identity, others by value', () => {
    const memo = new Memo();
    const object = {};
    let computed = 0;
    const get = (...inputs: (object | string | number | boolean | undefined)[]): number =>
      memo.get('kind', inputs, () => ++computed);
    expect(get(object, 'a', 1, true, undefined)).toBe(1);
    expect(get(object, 'a', 1, true, undefined)).toBe(1);
    expect(get({}, 'a', 1, true, undefined)).toBe(2);
    expect(get(object, 'a', 2, true, undefined)).toBe(3);
    expect(get(object, 'a', 1, false, undefined)).toBe(4);
    expect(memo.misses).toBe(4);
  });

  it('tells kinds apart, and numbers from the text of them', () => {
    const memo = new Memo();
    expect(memo.get('a', [1], () => 'first')).toBe('first');
    expect(memo.get('b', [1], () => 'second')).toBe('second');
    expect(memo.get('a', ['1'], () => 'third')).toBe('third');
  });

  it('lets no text run into the next input', () => {
    const memo = new Memo();
    expect(memo.get('kind', ['a|1:b', 'c'], () => 'first')).toBe('first');
    expect(memo.get('kind', ['a', 'b|1:c'], () => 'second')).toBe('second');
    expect(memo.get('kind', ['a', 'b', 'c'], () => 'third')).toBe('third');
  });

  it('keeps what a pass asked for, and forgets what a whole pass did not', () => {
    const memo = new Memo();
    let computed = 0;
    const get = (): number => memo.get('kind', ['x'], () => ++computed);
    get();
    memo.sweep();
    expect(get()).toBe(1);
    memo.sweep();
    memo.sweep();
    expect(get()).toBe(2);
  });
});
