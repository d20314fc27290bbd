import { Command } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, duration, runBenchmark, withCommonOptions } from './benchmark.ts';
import { ensureLoadProgram, runLoad } from './load-program.ts';
import type { LoadReport } from './load-report.ts';
import { isSound } from './load-report.ts';
import type { MeasuredCluster } from './measured-cluster.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import type { ScalingPair } from './scaling-report.ts';
import { scalingOf, scalingTable } from './scaling-report.ts';

interface Flags extends CommonFlags {
  readonly small: number;
  readonly large: number;
  readonly proxies: number;
  readonly rounds: number;
  readonly warmup: number;
  readonly pause: number;
  readonly check?: true;
}

/** In this order: the last one leaves more services than there were. */
const changes = ['endpoint', 'route', 'service'] as const;

const program = new Command('bench:scaling')
  .description(
    'Measures whether a change costs the same in a large mesh as in a small one: CPU and bytes of each kind of change, ' +
      'with the same sidecars, at two numbers of services. Both meshes are measured at the same time, so that whatever ' +
      'else the machine does weighs on both alike. About four minutes.',
  )
  .option('--small <n>', 'services of the small mesh', count, 200)
  .option('--large <n>', 'services of the large mesh', count, 2_000)
  .option('--proxies <n>', 'simulated sidecars', count, 200)
  .option('--rounds <n>', 'changes to measure', count, 100)
  .option('--warmup <n>', 'changes before those, until the code that they run is compiled', count, 50)
  .option('--pause <duration>', 'rest between changes', duration, 200)
  .option('--check', 'exit with 1 unless CPU and bytes are the same within a tenth');
withCommonOptions(program);

await runBenchmark(program, async () => {
  const flags = program.opts<Flags>();
  const load = await ensureLoadProgram(progressToStderr);
  const pairs = await measurePairs(load, flags);
  const scaled = pairs.map(scalingOf);
  console.log(scalingTable(scaled));
  const constant = scaled.every((it) => it.constant);
  if (flags.json) {
    const { small: services, large: largeServices, proxies, rounds } = flags;
    const changesByKind = Object.fromEntries(scaled.map((it) => [it.change, it]));
    console.log(JSON.stringify({ services, largeServices, proxies, rounds, constant, changes: changesByKind }));
  }
  const sound = pairs.every(({ small, large }) => isSound(small) && isSound(large));
  if (!sound || (flags.check && !constant)) process.exitCode = 1;
});

/** One pair for each kind of change, each from two istiods that have seen nothing else. */
async function measurePairs(load: string, flags: Flags): Promise<readonly ScalingPair[]> {
  await using small = await startMeasuredCluster(progressToStderr);
  await using large = await startMeasuredCluster(progressToStderr);
  const pairs: ScalingPair[] = [];
  for (const change of changes) {
    const { proxies, rounds } = flags;
    progressToStderr(`${change}: ${flags.small} and ${flags.large} services, ${proxies} sidecars, ${rounds} rounds`);
    const reports = await Promise.all([
      measure(load, flags, { cluster: small, services: flags.small, change }),
      measure(load, flags, { cluster: large, services: flags.large, change }),
    ]);
    pairs.push({ change, small: reports[0], large: reports[1] });
  }
  return pairs;
}

interface Mesh {
  readonly cluster: MeasuredCluster;
  readonly services: number;
  readonly change: (typeof changes)[number];
}

async function measure(load: string, flags: Flags, { cluster, services, change }: Mesh): Promise<LoadReport> {
  await using istiod = await startMeasuredIstiod({
    kubeconfig: cluster.kubeconfig,
    program: flags.istiod,
    progress: progressToStderr,
  });
  const { proxies, rounds, warmup, pause } = flags;
  return await runLoad(load, istiod, { services, proxies, rounds, warmup, pause, change });
}
