import { Command } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, duration, runBenchmark, withCommonOptions } from './benchmark.ts';
import { ensureLoadProgram, runLoad } from './load-program.ts';
import type { LoadReport } from './load-report.ts';
import { isSound } from './load-report.ts';
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
      'with the same sidecars, at two numbers of services. About six minutes.',
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
  const small = await measureMesh(load, flags, flags.small);
  const large = await measureMesh(load, flags, flags.large);
  const results = changes.flatMap((change, at): readonly ScalingPair[] => {
    const [first, second] = [small[at], large[at]];
    return first === undefined || second === undefined ? [] : [{ change, small: first, large: second }];
  });
  const scaled = results.map(scalingOf);
  console.log(scalingTable(scaled));
  const constant = scaled.every((it) => it.constant);
  if (flags.json) {
    const { small: services, large: largeServices, proxies, rounds } = flags;
    const changesByKind = Object.fromEntries(scaled.map((it) => [it.change, it]));
    console.log(JSON.stringify({ services, largeServices, proxies, rounds, constant, changes: changesByKind }));
  }
  if (![...small, ...large].every(isSound) || (flags.check && !constant)) process.exitCode = 1;
});

/** One report for each kind of change, each from an istiod that has seen nothing else. */
async function measureMesh(load: string, flags: Flags, services: number): Promise<readonly LoadReport[]> {
  await using cluster = await startMeasuredCluster(progressToStderr);
  const reports: LoadReport[] = [];
  for (const change of changes) {
    await using istiod = await startMeasuredIstiod({
      kubeconfig: cluster.kubeconfig,
      program: flags.istiod,
      progress: progressToStderr,
    });
    progressToStderr(`${change}: ${services} services, ${flags.proxies} sidecars, ${flags.rounds} rounds`);
    const { proxies, rounds, warmup, pause } = flags;
    reports.push(await runLoad(load, istiod, { services, proxies, rounds, warmup, pause, change }));
  }
  return reports;
}
