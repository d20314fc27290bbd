import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { makeTargets } from './targets.ts';

describe('the parsers of what strangers send', () => {
  it('take any changed input, or refuse it in their own words', async () => {
    const { finding, counts } = await fuzz({ targets: await makeTargets(), seed: 1, goOn: (inputs) => inputs < 4_000 });
    expect(finding).toBeUndefined();
    for (const { refused } of Object.values(counts)) expect(refused).toBeGreaterThan(100);
  });
});

describe('the fuzzer', () => {
  const failing = {
    seeds: [Buffer.from('good')],
    run: (input: Buffer) => (input.includes(0) ? Promise.reject(new TypeError('oops')) : Promise.resolve(true)),
  };

  it('finds a parser that fails on some input, the same one for the same seed', async () => {
    const run = () => fuzz({ targets: { failing }, seed: 7, goOn: (inputs) => inputs < 10_000 });
    const { finding } = await run();
    expect(finding?.error).toBeInstanceOf(TypeError);
    expect(finding?.input.includes(0)).toBe(true);
    expect((await run()).finding?.input).toEqual(finding?.input);
  });

  it('ends when it is told to', async () => {
    const harmless = { ...failing, run: () => Promise.resolve(false) };
    const { inputs, counts } = await fuzz({ targets: { harmless }, seed: 7, goOn: (inputs) => inputs < 10 });
    expect([inputs, counts]).toEqual([10, { harmless: { taken: 0, refused: 10 } }]);
  });
});
