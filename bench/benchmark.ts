import { constants } from 'node:os';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { durationMs } from '../lib/duration.ts';
import { describeError } from '../lib/errors.ts';
import { shippedProgram } from './measured-istiod.ts';

/** What every benchmark can be told. */
export interface CommonFlags {
  /** The build of istiod that is measured. */
  readonly istiod: string;
  readonly json?: true;
}

/** The options of {@link CommonFlags}. */
export function withCommonOptions(program: Command): Command {
  return program
    .addOption(new Option('--istiod <file>', 'the build of meltemi.js to measure').default(shippedProgram, 'dist'))
    .option('--json', 'print the figures as one JSON object on the last line, too');
}

/**
 * Runs a benchmark to its end: what it puts on the stack is stopped then, also when it fails or is interrupted. The exit
 * code is 1 when it throws, and else what it set.
 */
export async function runBenchmark(
  program: Command,
  measure: (owned: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  const owned = new AsyncDisposableStack();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      progressToStderr(`${program.name()}: ${signal}, stopping`);
      void owned.disposeAsync().finally(() => process.exit(128 + constants.signals[signal]));
    });
  }
  program.action(() => measure(owned));
  try {
    await program.parseAsync();
  } catch (error) {
    console.error(`${program.name()}: ${describeError(error)}`);
    process.exitCode = 1;
  } finally {
    await owned.disposeAsync();
  }
}

/** A number of things, as an option's value. */
export function count(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('a number of at least 1 is wanted');
  return number;
}

/** A length of time such as `300ms`, as an option's value; in milliseconds. */
export function duration(value: string): number {
  const time = durationMs(value);
  if (time === undefined) throw new InvalidArgumentError('a time such as 300ms or 1s is wanted');
  return time;
}
