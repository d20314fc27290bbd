import { describe, expect, it } from 'vitest';
import type { Problem } from '../model/problem.ts';
import { ProblemCount } from './problem-count.ts';

const bad: Problem = { object: 'VirtualService/default/web', path: 'spec.hosts[0]', message: 'it is no host' };
const worse: Problem = { ...bad, path: 'spec.hosts[1]' };

describe('a count of problems', () => {
  it('has each once, for as long as somebody has it', () => {
    const count = new ProblemCount();
    count.replace([], [bad, worse, { ...bad }]);
    expect([count.size, [...count.problems()]]).toEqual([2, [bad, worse]]);
    count.replace([{ ...bad }], []);
    expect([...count.problems()]).toEqual([bad, worse]);
    count.replace([bad, worse], []);
    expect([count.size, [...count.problems()]]).toEqual([0, []]);
  });

  it('keeps what goes and comes again in one step', () => {
    const count = new ProblemCount();
    count.replace([], [bad]);
    count.replace([bad], [worse, bad]);
    expect([...count.problems()]).toEqual([bad, worse]);
    count.replace([bad, worse], [worse]);
    expect([...count.problems()]).toEqual([worse]);
  });

  it('passes over what nobody had', () => {
    const count = new ProblemCount();
    count.replace([bad], [worse]);
    count.replace([bad], []);
    expect([...count.problems()]).toEqual([worse]);
  });
});
