import { spawn } from 'node:child_process';
import { Command } from 'commander';
import { argument } from '../../lib/command-options.ts';
import { describeError } from '../../lib/errors.ts';
import type { FaultName } from '../releases/fault.ts';
import { faultNames, faults, parseFault } from '../releases/fault.ts';
import { ensureRelease } from '../releases/release.ts';
import { ensureKubectl } from './binaries.ts';
import { defaultClusterName } from './cluster.ts';
import { down } from './cluster-down.ts';
import { loadImages } from './cluster-images.ts';
import { componentNamed, restartComponent } from './cluster-restart.ts';
import { renderStatus, statusOf } from './cluster-status.ts';
import { up, type UpResult } from './cluster-up.ts';
import { withArchive } from './image-load.ts';
import { layoutOf } from './layout.ts';
import { buildMeltemiImages } from './meltemi-images.ts';
import { parseFeatureGate } from './feature-gate.ts';
import { prepare } from './prepare.ts';
import { progressToStderr } from './progress.ts';
import { reasonAgainst, thisMachine } from './requirements.ts';

const progress = progressToStderr;
const program = new Command('cluster')
  .description('A real one-node Kubernetes on this machine, for tests, the demo and development.')
  .enablePositionalOptions();

function command(nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option('--name <name>', 'which cluster', defaultClusterName);
}

interface Named {
  readonly name: string;
}

interface UpFlags extends Named {
  readonly featureGate: Readonly<Record<string, boolean>>;
  readonly api: readonly string[];
}

command('up', 'bring the cluster up; one that is up is looked over, and what has died of it is started again')
  .option(
    '--feature-gate <Name=true|false>',
    'a feature gate for all components; can be given again',
    parseFeatureGate,
    {},
  )
  .option('--api <group/version>', 'an API to serve that is off by default; can be given again', append, [])
  .action(async ({ name, featureGate, api }: UpFlags) => {
    refuseHere();
    const started = performance.now();
    const wanted = Object.keys(featureGate).length + api.length > 0 ? { featureGates: featureGate, apis: api } : {};
    const result = await up({ name, progress, ...wanted });
    process.stdout.write(`cluster ${name} ${outcome(result, performance.now() - started)}\n`);
    process.stdout.write(`export KUBECONFIG=${result.layout.kubeconfig}\n`);
  });

command('prepare', 'install, fetch and build all that a cluster takes, without starting one').action(async () => {
  refuseHere();
  await prepare(progress);
  process.stdout.write('all is there\n');
});

command('down', 'remove the cluster and all that it made').action(async ({ name }: Named) => {
  const removed = await down(name, progress);
  process.stdout.write(removed ? `cluster ${name} is gone\n` : `there is no cluster ${name}\n`);
});

command('status', 'say how the cluster is; exits with 1 unless it is up')
  .option('--json', 'as JSON')
  .action(async ({ name, json }: Named & { readonly json?: boolean }) => {
    const status = await statusOf(name, progress);
    process.stdout.write(json ? `${JSON.stringify(status, undefined, 2)}\n` : renderStatus(status));
    if (status.state !== 'up') process.exitCode = 1;
  });

command(
  'load-image [images...]',
  "load images into the cluster: archives, or names in buildah's storage; without any, the project's own",
).action(async (images: readonly string[], { name }: Named) => {
  refuseHere();
  if (images.length === 0) report(await loadImages(name, await buildMeltemiImages(progress), progress));
  for (const image of images)
    report(await withArchive(image, progress, (built) => loadImages(name, [built], progress)));
});

interface ReleaseFlags extends Named {
  readonly fault?: FaultName;
}

command('load-release <version>', 'build images and chart of a version from this tree, and load the images')
  .option('--fault <name>', 'make it a bad one', argument(parseFault))
  .addHelpText(
    'after',
    `\nFaults:\n${faultNames.map((name) => `  ${name.padEnd(15)}${faults[name].summary}`).join('\n')}`,
  )
  .action(async (version: string, { name, fault }: ReleaseFlags) => {
    refuseHere();
    const release = await ensureRelease(version, fault === undefined ? {} : { fault }, progress);
    report(await release.loadInto({ loadImages: (images) => loadImages(name, images, progress) }));
    process.stdout.write(`chart: ${release.chartPath}\n`);
  });

command('restart <component>', 'end a component and start it again').action(
  async (component: string, { name }: Named) => {
    await restartComponent(name, componentNamed(component), progress);
  },
);

command('kubectl [arguments...]', "run kubectl, of the cluster's own version, against the cluster")
  .passThroughOptions()
  .allowUnknownOption()
  .helpOption(false)
  .action(async (args: readonly string[], { name }: Named) => {
    const kubectl = await ensureKubectl(progress);
    const child = spawn(kubectl, ['--kubeconfig', layoutOf(name).kubeconfig, ...args], { stdio: 'inherit' });
    process.exitCode = await new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 1)));
  });

function append(value: string, values: readonly string[]): readonly string[] {
  return [...values, value];
}

function outcome({ outcome: what, restarted }: UpResult, ms: number): string {
  const time = `${(ms / 1000).toFixed(1)} s`;
  if (what === 'made') return `is up, after ${time}`;
  return what === 'was up'
    ? 'was up already, and is well'
    : `is well again, after ${time}: restarted ${restarted.join(', ')}`;
}

function report(loaded: readonly string[]): void {
  process.stdout.write(
    loaded.length > 0 ? `loaded ${loaded.join(', ')}\n` : 'nothing to load: the cluster has it already\n',
  );
}

function refuseHere(): void {
  const reason = reasonAgainst(thisMachine());
  if (reason) throw new Error(reason);
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}
