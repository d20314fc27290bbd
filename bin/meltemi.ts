#!/usr/bin/env node
import { Command } from 'commander';
import { describeError } from '../lib/errors.ts';
import { version } from '../lib/version.ts';

/** Each command loads only what it needs, so that a replica's memory holds nothing of the others. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  istiod: async () => (await import('../istiod/command.ts')).istiodCommand(),
  operator: async () => (await import('../operator/command.ts')).operatorCommand(),
  'uninstall-guard': async () => (await import('../operator/uninstall/command.ts')).uninstallGuardCommand(),
};

const program = new Command('meltemi')
  .description('Meltemi, a service mesh for Kubernetes whose whole life is managed by an operator.')
  .version(version)
  .showHelpAfterError();

const [, , name = ''] = process.argv;
const wanted = Object.hasOwn(commands, name) ? [name] : Object.keys(commands);
for (const command of wanted) {
  const made = await commands[command]?.();
  if (made !== undefined) program.addCommand(made);
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`meltemi: ${describeError(error)}`);
  process.exit(1);
}
