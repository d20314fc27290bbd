/** Random choices that come again with the same seed. */
export interface Random {
  /** 0 up to, not including, 1. */
  readonly fraction: () => number;
  /** 0 up to, not including, `limit`. */
  readonly below: (limit: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly pick: <T>(...choices: readonly [T, ...T[]]) => T;
}

/** A generator that steps a 32-bit counter by the golden ratio and mixes its bits (SplitMix, in 32 bits). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(fraction() * limit);
  return {
    fraction,
    below,
    chance: (probability) => fraction() < probability,
    pick: (...choices) => choices[below(choices.length)] ?? choices[0],
  };
}
