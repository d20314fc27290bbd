import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { PageText, PageTooLongError } from './page-text.ts';

describe('page text', () => {
  it('ends when it becomes too long, before the rest is made', async () => {
    const made: number[] = [];
    function* values(): Generator<string> {
      for (let index = 0; index < 1000; index++) {
        made.push(index);
        yield 'ä'.repeat(100);
      }
    }
    const text = new PageText(1024);
    await expect(text.addList(values())).rejects.toThrow(PageTooLongError);
    expect(made).toHaveLength(6);
  });

  it('gives way to other work when it takes long', async () => {
    const now = vi.spyOn(performance, 'now');
    try {
      let clock = 0;
      // Each value takes 6 ms.
      now.mockImplementation(() => (clock += 6));
      let turns = 0;
      const text = new PageText();
      const done = text.addList(Array.from({ length: 20 }, () => 'x'));
      const counting = (async () => {
        for (let index = 0; index < 3; index++) {
          await nextTurn();
          if (text.toString().length < 20 * 4 - 1) turns++;
        }
      })();
      await Promise.all([done, counting]);
      expect(turns).toBe(3);
      expect(JSON.parse(`[${text.toString()}]`)).toHaveLength(20);
    } finally {
      now.mockRestore();
    }
  });
});
