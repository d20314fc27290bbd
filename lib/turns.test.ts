import { describe, expect, it } from 'vitest';
import { Turns, TurnsTakenError } from './turns.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Works that end when they are told to. */
function works(turns: Turns) {
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const take = (name: number): Promise<number> =>
    turns.take(() => {
      begun.push(name);
      return new Promise((resolve, reject) => {
        ends[name] = (error) => (error === undefined ? resolve(name) : reject(error));
      });
    });
  return { begun, take, end: (name: number, error?: Error) => ends[name]?.(error) };
}

describe('turns', () => {
  it('let so many go on at once, and the others in their order', async () => {
    const { begun, take, end } = works(new Turns({ atOnce: 2, maxWaiting: 10 }));
    const all = [0, 1, 2, 3].map(take);
    await settle();
    expect(begun).toEqual([0, 1]);
    end(1);
    await settle();
    expect(begun).toEqual([0, 1, 2]);
    for (const name of [0, 2]) end(name);
    await settle();
    end(3);
    expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  });

  it('go on when a work fails', async () => {
    const { begun, take, end } = works(new Turns({ atOnce: 1, maxWaiting: 10 }));
    const [first, second] = [take(0), take(1)];
    end(0, new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    await settle();
    expect(begun).toEqual([0, 1]);
    end(1);
    expect(await second).toBe(1);
  });

  it('refuse who would have to wait behind too many', async () => {
    const { take, end } = works(new Turns({ atOnce: 1, maxWaiting: 1 }));
    const kept = [take(0), take(1)];
    await expect(take(2)).rejects.toThrow(TurnsTakenError);
    end(0);
    await settle();
    end(1);
    expect(await Promise.all(kept)).toEqual([0, 1]);
  });
});
