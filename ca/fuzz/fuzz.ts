import { mutate } from './mutations.ts';
import { Random } from './random.ts';
import type { Target } from './targets.ts';

/** An input that a parser did not take well. */
export interface Finding {
  readonly target: string;
  readonly error: unknown;
  readonly input: Buffer;
}

export interface FuzzOptions {
  readonly targets: Readonly<Record<string, Target>>;
  readonly seed: number;
  /** Asked before each input, with how many there have been. */
  readonly goOn: (inputs: number) => boolean;
  /** Told before each input, so that somebody else can tell which one does not end. */
  readonly onInput?: (target: string, input: Buffer) => void;
}

export interface FuzzResult {
  readonly inputs: number;
  /** How many each target took and refused. */
  readonly counts: Readonly<Record<string, { readonly taken: number; readonly refused: number }>>;
  readonly finding?: Finding;
}

/** Feeds the targets by turns with mutated seeds, until it is told to stop or something is found. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const random = new Random(options.seed);
  const targets = Object.entries(options.targets);
  const counts = Object.fromEntries(targets.map(([name]) => [name, { taken: 0, refused: 0 }]));
  let inputs = 0;
  while (options.goOn(inputs)) {
    const [name, target] = targets[inputs++ % targets.length] ?? [];
    const count = counts[name ?? ''];
    if (name === undefined || target === undefined || count === undefined) break;
    const seed = target.seeds[random.below(target.seeds.length)] ?? Buffer.alloc(0);
    const input = mutate(seed, random, target.seeds);
    options.onInput?.(name, input);
    try {
      if (await target.run(input)) count.taken++;
      else count.refused++;
    } catch (error) {
      return { inputs, counts, finding: { target: name, error, input } };
    }
  }
  return { inputs, counts };
}
