import { describe, expect, it } from 'vitest';
import type { Asked, Input } from './shared-results.ts';
import { SharedResults } from './shared-results.ts';

describe('a result that is shared', () => {
  it('is worked out once for the same inputs: objects by identity, everything else by value', () => {
    const shared = new SharedResults();
    const object = { a: 1 };
    const compute = () => ({});
    const first = shared.get('kind', [object, 'text', 7, true, undefined], compute);
    expect(shared.get('kind', [object, 'text', 7, true, undefined], compute)).toBe(first);
    expect(shared.get('kind', [{ a: 1 }, 'text', 7, true, undefined], compute)).not.toBe(first);
    expect(shared.computed).toBe(2);
  });

  it('is of one kind', () => {
    const shared = new SharedResults();
    const one = shared.get('one', ['x'], () => ({}));
    expect(shared.get('other', ['x'], () => ({}))).not.toBe(one);
  });

  it.each<[readonly Input[], readonly Input[]]>([
    [['a|1:b'], ['a', 'b']],
    [
      ['a', ''],
      ['', 'a'],
    ],
    [
      ['ab', 'c'],
      ['a', 'bc'],
    ],
    [['1'], [1]],
    [['true'], [true]],
    [['undefined'], [undefined]],
    [['#0'], [{}]],
    [[], [undefined]],
    [[1, 2], [12]],
  ])('is another one for %j than for %j', (some, others) => {
    const shared = new SharedResults();
    const result = shared.get('kind', some, () => ({}));
    expect(shared.get('kind', others, () => ({}))).not.toBe(result);
  });

  it('is worked out by the next who asks where it failed', () => {
    const shared = new SharedResults();
    const fail = (): object => {
      throw new Error('cannot be worked out');
    };
    expect(() => shared.get('kind', [], fail)).toThrow('cannot be worked out');
    expect(shared.get('kind', [], () => ({ done: true }))).toEqual({ done: true });
    expect(shared.computed).toBe(1);
  });
});

interface Context {
  readonly color: string;
  readonly size: number;
}

const color: Asked<Context>['ask'] = (context) => context.color;
const size: Asked<Context>['ask'] = (context) => context.size;

/** A result that is made of what was asked of the context it was worked out for. */
function ask(shared: SharedResults, context: Context, asks: readonly Asked<Context>['ask'][], input: Input = '') {
  return shared.getAsking('kind', [input], context, () => {
    const asked = asks.map((it) => ({ ask: it, answer: it(context) }));
    return { result: { answers: asked.map(({ answer }) => answer) }, asked };
  });
}

describe('a result that asks questions of a context', () => {
  it('is shared by contexts that give the same answers, whatever else they differ in', () => {
    const shared = new SharedResults();
    const first = ask(shared, { color: 'red', size: 1 }, [color]);
    expect(ask(shared, { color: 'red', size: 2 }, [color])).toBe(first);
    expect(ask(shared, { color: 'blue', size: 1 }, [color])).toEqual({ answers: ['blue'] });
    expect(shared.computed).toBe(2);
  });

  it('has a variant for each set of answers, all of which stay', () => {
    const shared = new SharedResults();
    const contexts = ['red', 'blue'].flatMap((one) => [1, 2].map((other) => ({ color: one, size: other })));
    const results = contexts.map((context) => ask(shared, context, [color, size]));
    expect(new Set(results).size).toBe(4);
    for (const [position, context] of contexts.entries()) {
      expect(ask(shared, context, [color, size])).toBe(results[position]);
    }
    expect(shared.computed).toBe(4);
  });

  it('may ask what depends on other answers', () => {
    const shared = new SharedResults();
    const asksOf = (context: Context) => (context.color === 'red' ? [color, size] : [color]);
    const askSome = (context: Context) => ask(shared, context, asksOf(context));
    const blue = askSome({ color: 'blue', size: 1 });
    expect(askSome({ color: 'blue', size: 2 })).toBe(blue);
    const red = askSome({ color: 'red', size: 1 });
    expect(askSome({ color: 'red', size: 2 })).not.toBe(red);
    expect(askSome({ color: 'red', size: 1 })).toBe(red);
  });

  it('is for everybody where nothing was asked, but for its inputs', () => {
    const shared = new SharedResults();
    const first = ask(shared, { color: 'red', size: 1 }, []);
    expect(ask(shared, { color: 'blue', size: 2 }, [])).toBe(first);
    expect(ask(shared, { color: 'red', size: 1 }, [], 'other')).not.toBe(first);
  });

  it('asks the later context itself all that was asked, as those who watch what it reads rely on', () => {
    const shared = new SharedResults();
    ask(shared, { color: 'red', size: 1 }, [color, size]);
    const read: string[] = [];
    const watched: Context = {
      get color() {
        return (read.push('color'), 'red');
      },
      get size() {
        return (read.push('size'), 1);
      },
    };
    ask(shared, watched, [color, size]);
    expect(read).toEqual(['color', 'size']);
  });
});
