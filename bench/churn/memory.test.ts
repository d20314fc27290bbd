import { describe, expect, it } from 'vitest';
import { describeMemory, judgeMemory } from './memory.ts';

describe('the memory of a run', () => {
  it('is judged from the fifth minute on', () => {
    expect(judgeMemory([100, 150, 180, 190, 200, 400, 219])).toEqual({ kind: 'steady', growth: 1.095 });
    expect(judgeMemory([100, 150, 180, 190, 200, 210, 221])).toMatchObject({ kind: 'grew' });
  });

  it('is not judged when there is nothing to compare with', () => {
    expect(judgeMemory([100])).toEqual({ kind: 'too short' });
    expect(judgeMemory([1, 1, 1, 1, 1])).toEqual({ kind: 'too short' });
    expect(describeMemory({ kind: 'too short' })).toContain('not judged');
  });
});
