import { Command } from 'commander';
import { describeError } from '../../lib/errors.ts';
import { defaultClusterName } from '../cluster/cluster.ts';
import { down as clusterDown } from '../cluster/cluster-down.ts';
import type { Environment } from '../environment.ts';
import { openEnvironment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { applyControlPlane, installChart, uninstallMesh } from '../mesh.ts';
import { deployQuotes, sendRequests, splitTraffic } from '../quotes.ts';
import type { ClientReport } from '../quotes.ts';
import { renderReport } from './report.ts';

const namespace = 'quotes';
const requests = 300;
/** As in `samples/quotes/split.yaml`. */
const wanted = { v1: 90, v2: 10, v3: 0 };

interface Choice {
  readonly context?: string;
  readonly name: string;
}

const started = performance.now();
function progress(line: string): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stderr.write(`[${String(seconds).padStart(3)} s] ${line}\n`);
}

function withChoice(command: Command): Command {
  return command
    .option('--context <name>', 'use the cluster of this context of your kubeconfig; its nodes need the images')
    .option('--name <name>', 'which local cluster, where no context is given', defaultClusterName);
}

const program = withChoice(new Command('demo'))
  .description(
    'Shows the mesh at work: a cluster, the chart, a control plane, a small application, a 90/10 split and mutual TLS.',
  )
  .action(show);
withChoice(program.command('down'))
  .description('remove what the demo made: the local cluster as a whole, or from another one all that was installed')
  .action((_: unknown, command: Command) => remove(command.optsWithGlobals()));

async function show(choice: Choice): Promise<void> {
  const environment = await openEnvironment({ ...choice, progress });
  try {
    await installChart(environment);
    await applyControlPlane(environment);
    await deployQuotes(environment, namespace);
    progress(`traffic: 90 % to v1, 10 % to v2; sending ${requests} requests`);
    await splitTraffic(environment, namespace);
    const client = await requestsOnceSplit(environment);
    const controlPlanes = await environment.cluster.kubectl(['get', 'meshcontrolplane']);
    const report = {
      client,
      wanted,
      controlPlanes,
      kubectl: kubectlOf(environment),
      namespace,
      down: `npm run demo -- down${choice.context === undefined ? '' : ` --context ${choice.context}`}`,
      seconds: (performance.now() - started) / 1000,
    };
    process.stdout.write(renderReport(report));
    const authenticated = client.unauthenticated === 0;
    if (client.failedRequests > 0 || !authenticated) throw new Error('not every request came through as it should');
  } finally {
    await environment.close();
  }
}

/** The split takes a moment to reach the sidecar; an answer of v3 tells that it has not. */
async function requestsOnceSplit(environment: Environment): Promise<ClientReport> {
  await eventually('the split reaches the sidecar', async () => {
    const probe = await sendRequests(environment, namespace, { requests: 20 });
    return probe.failedRequests === 0 && !('v3' in probe.versions) ? probe : undefined;
  });
  return sendRequests(environment, namespace, { requests });
}

function kubectlOf({ cluster }: Environment): string {
  const path = /^[\w./-]+$/.test(cluster.kubectlPath) ? cluster.kubectlPath : `'${cluster.kubectlPath}'`;
  return cluster.local ? 'npm run -s cluster -- kubectl' : `${path} ${cluster.kubectlFlags.join(' ')}`;
}

async function remove({ context, name }: Choice): Promise<void> {
  if (context === undefined) {
    const removed = await clusterDown(name, progress);
    process.stdout.write(removed ? `cluster ${name} is gone\n` : `there is no cluster ${name}\n`);
    return;
  }
  const environment = await openEnvironment({ context, progress });
  try {
    await environment.cluster.kubectl(['delete', 'namespace', namespace, '--ignore-not-found']);
    await uninstallMesh(environment);
    process.stdout.write('the application, the control plane and the chart are gone; the kinds (CRDs) stay\n');
  } finally {
    await environment.close();
  }
}

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`demo: ${describeError(error)}\n`);
  process.exitCode = 1;
}
