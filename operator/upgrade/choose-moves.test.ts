import { describe, expect, it } from 'vitest';
import { amountOf } from './amount.ts';
import { chooseMoves } from './choose-moves.ts';
import { workload } from './upgrade-world.testing.ts';

const names = (moves: ReturnType<typeof chooseMoves>['moves']): readonly string[] =>
  moves.map((move) => move.workload.name);

describe('the choice of moves', () => {
  it('takes the first ones, as many as there are slots', () => {
    const { moves, held } = chooseMoves([workload('a'), workload('b'), workload('c')], 2, () => 'two');
    expect(moves).toMatchObject([{ revision: 'two' }, { revision: 'two' }]);
    expect(names(moves)).toEqual(['a', 'b']);
    expect(held).toEqual([{ workload: 'Deployment shop/c', message: 'its turn has not come' }]);
  });

  it('spends what a PodDisruptionBudget allows once', () => {
    const shared = { takesDown: 1, budgets: [{ name: 'shop/all', allowed: 1 }] };
    const { moves, held } = chooseMoves([workload('a', shared), workload('b', shared)], 2, () => 'two');
    expect(names(moves)).toEqual(['a']);
    expect(held[0]?.message).toContain('PodDisruptionBudget shop/all allows 1');
  });

  it('asks no budget for a rollout that takes no pod away', () => {
    const surging = { takesDown: 0, budgets: [{ name: 'shop/all', allowed: 0 }] };
    expect(chooseMoves([workload('a', surging)], 1, () => 'two').moves).toHaveLength(1);
  });

  it('asks neither slot nor budget for what is under way already', () => {
    const ailing = workload('a', { takesDown: 1, budgets: [{ name: 'shop/all', allowed: 0 }] });
    expect(
      chooseMoves(
        [ailing],
        -1,
        () => undefined,
        () => true,
      ).moves,
    ).toEqual([{ workload: ailing, revision: undefined }]);
  });
});

describe('an amount', () => {
  it('is a number, or a share rounded as told, and never less than one', () => {
    expect(amountOf(3, 10, 'down')).toBe(3);
    expect(amountOf('20%', 6, 'up')).toBe(2);
    expect(amountOf('25%', 10, 'down')).toBe(2);
    expect(amountOf('10%', 3, 'down')).toBe(1);
    expect(amountOf('100%', 0, 'up')).toBe(1);
  });
});
