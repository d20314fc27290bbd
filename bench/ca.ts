import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { namespaces, secrets } from '../lib/kube/resources.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, runBenchmark, withCommonOptions } from './benchmark.ts';
import type { CaReport, PushReport } from './ca-report.ts';
import { caTable, maxP99Ratio, meetsTargets, pushReport, pushTable } from './ca-report.ts';
import { ensureLoadProgram, runLoad, runProgram, startProgram } from './load-program.ts';
import { isSound } from './load-report.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import type { MeasuredServer } from './measured-istiod.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import type { PodToken } from './pod-tokens.ts';
import { makePodTokens } from './pod-tokens.ts';

interface Flags extends CommonFlags {
  readonly requests: number;
  readonly callers: number;
  readonly tokens: number;
  readonly warmup: number;
  readonly services: number;
  readonly proxies: number;
  readonly rounds: number;
  readonly pushes: boolean;
  readonly profile?: string;
  readonly check?: true;
}

const controlPlaneNamespace = 'istio-system';

/** So many groups of callers take turns that none comes again while istiod still remembers what it was told of its tokens. */
const waveGroups = 4;
const waveEvery = '3s';
const lowPriority = 10;

const program = new Command('bench:ca')
  .description(
    'Measures the certificate service from outside, over TLS and with tokens that a real API server reviews: ECDSA and RSA ' +
      'requests, one token and many; and pushes of xDS, alone and while many pods ask for certificates at once. Starts an ' +
      'API server and istiod (dist/) of its own for it. The last line is the figures as JSON.',
  )
  .option('--requests <n>', 'requests of each run', count, 2_000)
  .option('--callers <n>', 'callers at once, each with a connection of its own', count, 32)
  .option('--tokens <n>', 'pods, each with a token of its own', count, 500)
  .option('--warmup <n>', 'requests before the runs with one token that are not timed', count, 500)
  .option('--services <n>', 'pushes: services', count, 1_000)
  .option('--proxies <n>', 'pushes: sidecars', count, 500)
  .option('--rounds <n>', 'pushes: changes to time', count, 40)
  .option('--no-pushes', 'certificates only')
  .option('--profile <folder>', "write a CPU profile of istiod's there")
  .option('--check', 'exit with 1 when a target is missed');
withCommonOptions(program);

/** What is measured, and by what. */
interface Bench {
  readonly flags: Flags;
  readonly load: string;
  readonly folder: string;
  readonly root: string;
  readonly istiod: MeasuredServer & { readonly secureAddress: string };
}

await runBenchmark(program, async (owned) => {
  const flags = program.opts<Flags>();
  const load = await ensureLoadProgram(progressToStderr, 'caload');
  const { kubeconfig } = owned.use(await startMeasuredCluster(progressToStderr));
  const client = loadKubeClient({ kubeconfig });
  owned.defer(() => client.close());
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-bench-ca-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  await client.create(namespaces, { metadata: { name: controlPlaneNamespace } });
  const pods = 2 + (flags.pushes ? waveGroups : 2) * flags.tokens;
  progressToStderr(`making ${pods} pods, and a token bound to each`);
  const tokens = await makePodTokens(client, pods);
  const nodeOptions = flags.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`];
  const istiodOptions = { kubeconfig, program: flags.istiod, progress: progressToStderr, secure: true } as const;
  const istiod = owned.use(await startMeasuredIstiod({ ...istiodOptions, nodeOptions }));
  const root = join(folder, 'root.pem');
  await writeFile(root, await rootCertificates(client));
  const bench = { flags, load, folder, root, istiod };

  // Each run has tokens that istiod has not seen before.
  const reports = {
    ecdsaOneToken: await measure(bench, 'ecdsa', tokens.slice(0, 1)),
    rsaOneToken: await measure(bench, 'rsa', tokens.slice(1, 2)),
    ecdsaManyTokens: await measure(bench, 'ecdsa', tokens.slice(2, 2 + flags.tokens)),
    rsaManyTokens: await measure(bench, 'rsa', tokens.slice(2 + flags.tokens, 2 + 2 * flags.tokens)),
  };
  const all = Object.values(reports);
  console.log(caTable(all));
  const pushes = flags.pushes ? await measurePushes(bench, tokens.slice(2)) : undefined;
  if (pushes !== undefined) console.log(`\n${pushTable(pushes)}`);
  console.log(JSON.stringify({ ...reports, ...(pushes === undefined ? {} : { pushes }) }));
  const sound =
    all.every(({ failed }) => failed === 0) &&
    (pushes === undefined || (isSound(pushes.rest) && isSound(pushes.busy) && pushes.waves.failed === 0));
  const met = all.every(meetsTargets) && (pushes === undefined || pushes.p99Ratio <= maxP99Ratio);
  if (!sound || (flags.check && !met)) process.exitCode = 1;
});

async function measure(bench: Bench, key: string, callers: readonly PodToken[]): Promise<CaReport> {
  const { requests, warmup, callers: connections } = bench.flags;
  progressToStderr(`${requests} requests, ${key}, ${callers.length} tokens`);
  const { output } = await runProgram(bench.load, [
    ...(await loadArguments(bench, callers)),
    ...['-key', key, '-callers', String(connections), '-requests', String(requests)],
    ...['-warmup', String(callers.length === 1 ? warmup : 0)],
  ]);
  return JSON.parse(output) as CaReport;
}

/** The same changes twice, the second time while waves of pods come. */
async function measurePushes(bench: Bench, callers: readonly PodToken[]): Promise<PushReport> {
  const { services, proxies, rounds, tokens } = bench.flags;
  const xdsload = await ensureLoadProgram(progressToStderr);
  const work = { services, proxies, rounds, warmup: 3, pause: 300 };
  progressToStderr(`${rounds} changes, ${services} services, ${proxies} sidecars, nobody asks for certificates`);
  const rest = await runLoad(xdsload, bench.istiod, work);
  progressToStderr(`the same, while ${tokens} pods ask for certificates at once, every ${waveEvery}`);
  const args = [...(await loadArguments(bench, callers)), '-wave-every', waveEvery, '-wave-size', String(tokens)];
  await using asking = new AsyncDisposableStack();
  const waves = Promise.withResolvers<ReturnType<typeof startProgram>>();
  const busy = await runLoad(xdsload, bench.istiod, work, () => {
    const running = startProgram(bench.load, args);
    // Pods have CPUs of their own: theirs is no part of what a push waits for, as far as that can be had on one machine.
    if (running.pid !== undefined) setPriority(running.pid, lowPriority);
    asking.defer(() => running.stop());
    waves.resolve(running);
  });
  const running = await waves.promise;
  running.stop();
  const { output } = await running.ended;
  return pushReport(rest, busy, JSON.parse(output) as CaReport);
}

async function loadArguments(bench: Bench, callers: readonly PodToken[]): Promise<readonly string[]> {
  const { istiod, root, folder } = bench;
  const file = join(folder, 'tokens');
  await writeFile(file, callers.map(({ identity, token }) => `${identity} ${token}\n`).join(''));
  return ['-addr', istiod.secureAddress, '-pid', String(istiod.pid), '-root', root, '-tokens', file];
}

async function rootCertificates(client: KubeClient): Promise<string> {
  const secret = await client.get(secrets, { namespace: controlPlaneNamespace, name: 'istio-ca-secret' });
  return Buffer.from(secret?.data?.['root-cert.pem'] ?? '', 'base64').toString('utf8');
}
