import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { load } from 'js-yaml';
import { startControlPlane } from '../e2e/cluster/control-plane.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { meshControlPlanes } from '../crds/kinds.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import { configMaps, customResourceDefinitions, deployments, namespaces, pods } from '../lib/kube/resources.ts';
import type { ConfigMap, CustomResourceDefinition, Deployment } from '../lib/kube/types.ts';
import { count, runBenchmark } from './benchmark.ts';
import { quantile } from './figures.ts';
import { shippedProgram } from './measured-istiod.ts';
import {
  controlPlaneName,
  createControlPlane,
  inParallel,
  injectedPod,
  meshNamespace,
  populate,
  rootCertificateName,
  teamNamespace,
  until,
  writeRoot,
} from './operator/large-mesh.ts';
import type { MeasuredOperator } from './operator/measured-operator.ts';
import { startMeasuredOperator } from './operator/measured-operator.ts';
import type { ChangeCost, OperatorReport } from './operator/operator-report.ts';
import { excesses, operatorTable } from './operator/operator-report.ts';

interface Flags {
  readonly namespaces: number;
  readonly pods: number;
  readonly rounds: number;
  readonly quiet: number;
  readonly memory: number;
  readonly operator: string;
  readonly json?: true;
  readonly check?: true;
}

const program = new Command('bench:operator')
  .description(
    'Measures the operator in a large mesh: first sync, installation, one change, another root, quiet, memory, and how ' +
      'soon another replica goes on. Starts an API server without nodes, fills it, and runs replicas of dist/ on it.',
  )
  .option('--namespaces <n>', 'namespaces', count, 1_000)
  .option('--pods <n>', 'pods with sidecars, spread over them', count, 10_000)
  .option('--rounds <n>', 'changes of each kind', count, 20)
  .option('--quiet <seconds>', 'how long nothing must happen in the end', count, 20)
  .option('--memory <MiB>', 'what a replica may need at most', count, 256)
  .addOption(new Option('--operator <file>', 'the build of meltemi.js to measure').default(shippedProgram, 'dist'))
  .option('--json', 'print the figures as one JSON object on the last line, too')
  .option('--check', 'exit with 1 when a figure is beyond its bound');

await runBenchmark(program, async (owned) => {
  const flags = program.opts<Flags>();
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-bench-'));
  owned.defer(() => rm(folder, { recursive: true, force: true }));
  progressToStderr('starting etcd and a Kubernetes API server');
  const { kubeconfig } = owned.use(await startControlPlane({ name: 'bench', progress: progressToStderr }));
  const client = loadKubeClient({ kubeconfig });
  owned.defer(() => client.close());
  await installKinds(client);
  progressToStderr(`writing ${flags.namespaces} namespaces and ${flags.pods} pods`);
  await populate(kubeconfig, flags.namespaces, flags.pods);
  const start = async (identity: string): Promise<MeasuredOperator> => {
    progressToStderr(`starting operator ${identity}`);
    const replica = await startMeasuredOperator({ identity, kubeconfig, program: flags.operator, folder });
    owned.defer(() => replica.end('SIGTERM'));
    return replica;
  };
  const first = await start('a');
  const bench = { client, flags, leader: first };
  const sync = { cpuMs: await first.cpuMs(), rss: (await first.memory()).now };
  const installed = await measureInstallation(bench);
  const changes = await measureChanges(bench);
  const newRoot = await measureNewRoot(bench);
  const quiet = await measureQuiet(bench);
  const memory = await first.memory();
  const takeovers = await measureTakeovers(client, first, start);
  const report: OperatorReport = {
    ...{ namespaces: flags.namespaces, pods: flags.pods, rounds: flags.rounds },
    ...{ firstSyncMs: first.readyAfterMs, firstSyncCpuMs: sync.cpuMs, rssAfterFirstSyncMiB: sync.rss },
    ...{ installMs: installed.ms, installCpuMs: installed.cpuMs, changes },
    ...{ newRootMs: newRoot.ms, newRootCpuMs: newRoot.cpuMs, ...quiet },
    ...{ rssSettledMiB: memory.now, rssPeakMiB: memory.peak, ...takeovers },
  };
  console.log(operatorTable(report));
  const excess = excesses(report, flags.memory);
  for (const words of excess) console.error(`bench:operator: ${words}`);
  if (flags.json) console.log(JSON.stringify(report));
  if (flags.check && excess.length > 0) process.exitCode = 1;
});

interface Bench {
  readonly client: KubeClient;
  readonly flags: Flags;
  readonly leader: MeasuredOperator;
}

async function installKinds(client: KubeClient): Promise<void> {
  const folder = join(import.meta.dirname, '../charts/meltemi/files/crds');
  for (const file of await readdir(folder)) {
    const definition = load(await readFile(join(folder, file), 'utf8')) as CustomResourceDefinition;
    await client.apply(customResourceDefinitions, definition, { fieldManager: 'bench' });
  }
  const isServed = (): Promise<boolean> =>
    client.list(meshControlPlanes).then(
      () => true,
      () => false,
    );
  while (!(await isServed())) await delay(50);
}

/** Time and CPU of the leader, until `work` is done and the operator is quiet again. */
async function measured(leader: MeasuredOperator, work: () => Promise<void>): Promise<{ ms: number; cpuMs: number }> {
  const cpuBefore = await leader.cpuMs();
  const startedAt = performance.now();
  await work();
  const ms = performance.now() - startedAt;
  await untilQuiet(leader);
  return { ms, cpuMs: (await leader.cpuMs()) - cpuBefore };
}

async function untilQuiet(leader: MeasuredOperator): Promise<void> {
  const activity = async (): Promise<number> =>
    (await leader.metric('meltemi_operator_writes_total')) +
    (await leader.metric('controller_runtime_reconcile_total'));
  for (let before = await activity(); ;) {
    await delay(1_000);
    const now = await activity();
    if (now === before) return;
    before = now;
  }
}

async function measureInstallation({ client, flags, leader }: Bench): Promise<{ ms: number; cpuMs: number }> {
  progressToStderr('installing a control plane');
  return measured(leader, async () => {
    await createControlPlane(client, rootCertificate());
    await untilEveryNamespaceHas(client, flags.namespaces, () => true);
  });
}

async function measureNewRoot({ client, flags, leader }: Bench): Promise<{ ms: number; cpuMs: number }> {
  progressToStderr('making another root');
  const pem = rootCertificate();
  return measured(leader, async () => {
    await writeRoot(client, pem);
    await untilEveryNamespaceHas(client, flags.namespaces, ({ data }) => data?.['root-cert.pem'] === pem);
  });
}

async function untilEveryNamespaceHas(
  client: KubeClient,
  namespaceCount: number,
  isWanted: (configMap: ConfigMap) => boolean,
): Promise<void> {
  const fieldSelector = `metadata.name=${rootCertificateName}`;
  for (;;) {
    const { items } = await client.list<ConfigMap>(configMaps, { fieldSelector });
    const there = items.filter((one) => one.metadata.namespace?.startsWith('team-') === true && isWanted(one));
    if (there.length >= namespaceCount) return;
    await delay(100);
  }
}

async function measureChanges({ client, flags, leader }: Bench): Promise<OperatorReport['changes']> {
  const { rounds } = flags;
  progressToStderr(`${rounds} changes of each kind`);
  const controlPlane = await measureChange(leader, rounds, async (round) => {
    const cpu = `${100 + round}m`;
    const spec = { pilot: { resources: { requests: { cpu } } } };
    await client.mergePatch(meshControlPlanes, { name: controlPlaneName }, { spec });
    const isThere = (deployment: Deployment): boolean => JSON.stringify(deployment.spec).includes(`"cpu":"${cpu}"`);
    await until(client, deployments, { namespace: meshNamespace, name: 'istiod' }, isThere);
  });
  const namespace = await measureChange(leader, rounds, async (round) => {
    const name = `late-${round}`;
    await client.create(namespaces, { metadata: { name } });
    await until(client, configMaps, { namespace: name, name: rootCertificateName });
  });
  const pod = await measured(leader, () =>
    inParallel(rounds, (round) => client.create(pods, injectedPod(teamNamespace(0), 1_000_000 + round))),
  );
  return { controlPlane, namespace, pod: { cpuMs: pod.cpuMs / rounds } };
}

/** One after the other, each from a quiet operator; that it is so is not counted. */
async function measureChange(
  leader: MeasuredOperator,
  rounds: number,
  change: (round: number) => Promise<void>,
): Promise<ChangeCost> {
  const times: number[] = [];
  const { cpuMs } = await measured(leader, async () => {
    for (let round = 0; round < rounds; round++) {
      const startedAt = performance.now();
      await change(round);
      times.push(performance.now() - startedAt);
    }
  });
  return { cpuMs: cpuMs / rounds, p50Ms: quantile(times, 0.5), maxMs: Math.max(...times) };
}

type Quiet = Pick<OperatorReport, 'settledSeconds' | 'settledWrites' | 'settledReconciles' | 'settledCpuMsPerSecond'>;

async function measureQuiet({ flags, leader }: Bench): Promise<Quiet> {
  progressToStderr(`${flags.quiet} s of quiet`);
  const state = async () => ({
    writes: await leader.metric('meltemi_operator_writes_total'),
    reconciles: await leader.metric('controller_runtime_reconcile_total'),
    cpuMs: await leader.cpuMs(),
  });
  const before = await state();
  await delay(flags.quiet * 1_000);
  const after = await state();
  return {
    settledSeconds: flags.quiet,
    settledWrites: after.writes - before.writes,
    settledReconciles: after.reconciles - before.reconciles,
    settledCpuMsPerSecond: (after.cpuMs - before.cpuMs) / flags.quiet,
  };
}

/** How soon another replica, which already follows everything, goes on when the leader is gone. */
async function measureTakeovers(
  client: KubeClient,
  first: MeasuredOperator,
  start: (identity: string) => Promise<MeasuredOperator>,
): Promise<Pick<OperatorReport, 'takeoverAfterKillMs' | 'takeoverAfterEndMs'>> {
  const repair = async (): Promise<number> => {
    const ref = { namespace: teamNamespace(0), name: rootCertificateName };
    await client.delete(configMaps, ref);
    await until(client, configMaps, ref);
    return performance.now();
  };
  const second = await start('b');
  const killedAt = performance.now();
  await first.end('SIGKILL');
  const takeoverAfterKillMs = (await repair()) - killedAt;
  await start('c');
  await second.end('SIGTERM');
  const endedAt = performance.now();
  return { takeoverAfterKillMs, takeoverAfterEndMs: (await repair()) - endedAt };
}

function rootCertificate(): string {
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  return execFileSync('openssl', [...args, '-keyout', '/dev/null', '-subj', '/CN=root', '-out', '-'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
