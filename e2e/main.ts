import { Argument, Command } from 'commander';
import { describeError } from '../lib/errors.ts';
import { progressToStderr } from './cluster/progress.ts';
import { openEnvironment } from './environment.ts';
import type { ScenarioResult } from './scenario.ts';
import { runScenario } from './scenario.ts';
import { scenarios } from './scenarios/scenarios.ts';

const names = scenarios.map(({ name }) => name);
const width = Math.max(...names.map((name) => name.length));

const program = new Command('e2e')
  .description(
    'Runs what users do, end to end, on a real cluster. Without a name: all scenarios but the soaks, in order.',
  )
  .addArgument(new Argument('[scenarios...]', 'which to run').choices(names))
  .option('--context <name>', 'run on the cluster of this context of your kubeconfig, not on a local one')
  .option('--name <name>', 'which local cluster')
  .option('--minutes <number>', 'how long a soak goes on', Number, 60)
  .addHelpText(
    'after',
    `\nScenarios:\n${scenarios.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n')}\n\n` +
      'Progress goes to standard error; the last line of standard output is the figures, one JSON object.',
  )
  .action(run);

interface Choice {
  readonly context?: string;
  readonly name?: string;
  readonly minutes: number;
}

async function run(wanted: readonly string[], { minutes, ...choice }: Choice) {
  const environment = await openEnvironment({ ...choice, soakMinutes: minutes, progress: progressToStderr });
  const results: ScenarioResult[] = [];
  try {
    for (const scenario of scenarios) {
      if (wanted.length > 0 ? !wanted.includes(scenario.name) : scenario.onRequest) continue;
      environment.progress(`scenario ${scenario.name}: ${scenario.summary}`);
      results.push(await runScenario(scenario, environment));
    }
  } finally {
    await environment.close();
  }
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.flatMap((result) => result.failed.map((what) => `${result.scenario}: ${what}`));
  for (const what of failed) console.error(`failed: ${what}`);
  console.log(`${passed} passed, ${failed.length} failed`);
  const [only] = results;
  console.log(JSON.stringify(results.length === 1 && only !== undefined ? flat(only) : results.map(flat)));
  if (failed.length > 0) process.exitCode = 1;
}

function flat({ figures, failed, ...rest }: ScenarioResult): object {
  return { ...rest, failed: failed.length, ...figures };
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`e2e: ${describeError(error)}`);
  process.exitCode = 1;
}
