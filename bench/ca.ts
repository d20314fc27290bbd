import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { namespaces, secrets } from '../lib/kube/resources.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, runBenchmark, withCommonOptions } from './benchmark.ts';
import type { CaReport } from './ca-report.ts';
import { caTable, meetsTargets } from './ca-report.ts';
import { ensureLoadProgram, runProgram } from './load-program.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import type { PodToken } from './pod-tokens.ts';
import { makePodTokens } from './pod-tokens.ts';

interface Flags extends CommonFlags {
  readonly requests: number;
  readonly callers: number;
  readonly tokens: number;
  readonly warmup: number;
  readonly profile?: string;
  readonly check?: true;
}

const controlPlaneNamespace = 'istio-system';

const program = new Command('bench:ca')
  .description(
    'Measures the certificate service from outside, over TLS and with tokens that a real API server reviews: ECDSA and RSA ' +
      'requests, one token and many. Starts an API server and istiod (dist/) of its own for it. The last line is the ' +
      'figures as JSON.',
  )
  .option('--requests <n>', 'requests of each run', count, 2_000)
  .option('--callers <n>', 'callers at once, each with a connection of its own', count, 32)
  .option('--tokens <n>', 'pods, each with a token of its own', count, 500)
  .option('--warmup <n>', 'requests before the runs with one token that are not timed', count, 500)
  .option('--profile <folder>', "write a CPU profile of istiod's there")
  .option('--check', 'exit with 1 when a run misses its targets');
withCommonOptions(program);

await runBenchmark(program, async (owned) => {
  const flags = program.opts<Flags>();
  const load = await ensureLoadProgram(progressToStderr, 'caload');
  const { kubeconfig } = owned.use(await startMeasuredCluster(progressToStderr));
  const client = loadKubeClient({ kubeconfig });
  owned.defer(() => client.close());
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-bench-ca-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  await client.create(namespaces, { metadata: { name: controlPlaneNamespace } });
  const pods = 2 + 2 * flags.tokens;
  progressToStderr(`making ${pods} pods, and a token bound to each`);
  const tokens = await makePodTokens(client, pods);
  const nodeOptions = flags.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${flags.profile}`];
  const istiodOptions = { kubeconfig, program: flags.istiod, progress: progressToStderr, secure: true } as const;
  const istiod = owned.use(await startMeasuredIstiod({ ...istiodOptions, nodeOptions }));
  const root = join(folder, 'root.pem');
  await writeFile(root, await rootCertificates(client));

  const measure = async (key: string, callers: readonly PodToken[]): Promise<CaReport> => {
    progressToStderr(`${flags.requests} requests, ${key}, ${callers.length} tokens`);
    const file = join(folder, 'tokens');
    await writeFile(file, callers.map(({ identity, token }) => `${identity} ${token}\n`).join(''));
    const { output } = await runProgram(load, [
      ...['-addr', istiod.secureAddress, '-pid', String(istiod.pid), '-root', root, '-tokens', file, '-key', key],
      ...['-callers', String(flags.callers), '-requests', String(flags.requests)],
      ...['-warmup', String(callers.length === 1 ? flags.warmup : 0)],
    ]);
    return JSON.parse(output) as CaReport;
  };
  // Each run has tokens that istiod has not seen before.
  const reports = {
    ecdsaOneToken: await measure('ecdsa', tokens.slice(0, 1)),
    rsaOneToken: await measure('rsa', tokens.slice(1, 2)),
    ecdsaManyTokens: await measure('ecdsa', tokens.slice(2, 2 + flags.tokens)),
    rsaManyTokens: await measure('rsa', tokens.slice(2 + flags.tokens)),
  };
  const all = Object.values(reports);
  console.log(caTable(all));
  console.log(JSON.stringify(reports));
  if (all.some(({ failed }) => failed > 0) || (flags.check && !all.every(meetsTargets))) process.exitCode = 1;
});

async function rootCertificates(client: KubeClient): Promise<string> {
  const secret = await client.get(secrets, { namespace: controlPlaneNamespace, name: 'istio-ca-secret' });
  return Buffer.from(secret?.data?.['root-cert.pem'] ?? '', 'base64').toString('utf8');
}
