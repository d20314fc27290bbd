import { Command, Option } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, runBenchmark, withCommonOptions } from './benchmark.ts';
import { ensureLoadProgram, runLoad } from './load-program.ts';
import type { LoadReport } from './load-report.ts';
import { isSound } from './load-report.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import { changeStormTable, isBounded, reconnectStormTable } from './storm-report.ts';

interface Flags extends CommonFlags {
  readonly only?: 'changes' | 'reconnects';
  readonly protocol: string;
  readonly changeServices: number;
  readonly changeProxies: number;
  readonly spread?: number;
  readonly rate: number;
  readonly seconds: number;
  readonly services: number;
  readonly proxies: number;
  readonly check?: true;
}

const program = new Command('bench:storm')
  .description(
    'Measures two storms. Changes: endpoints are written as fast as the API server takes them, up to a rate, while ' +
      'sidecars are connected. Reconnects: as many sidecars connect at once, and those turned away come back at the ' +
      'times that Envoy would.',
  )
  .addOption(new Option('--only <storm>', 'this one alone').choices(['changes', 'reconnects']))
  .addOption(new Option('--protocol <name>', 'xDS protocol').choices(['delta', 'sotw']).default('delta'))
  .option('--change-services <n>', 'changes: services of the mesh', count, 200)
  .option('--change-proxies <n>', 'changes: sidecars', count, 100)
  .option('--spread <n>', 'changes: services that change; 1 puts all on one (default: all of them)', count)
  .option('--rate <n>', 'changes: wanted a second', count, 1_000)
  .option('--seconds <n>', 'changes: length', count, 5)
  .option('--services <n>', 'reconnects: services of the mesh', count, 1_000)
  .option('--proxies <n>', 'reconnects: sidecars', count, 2_000)
  .option('--check', 'exit with 1 when sidecars are pushed to more often than the coalescing allows');
withCommonOptions(program);

await runBenchmark(program, async () => {
  const flags = program.opts<Flags>();
  const load = await ensureLoadProgram(progressToStderr);
  const changes = flags.only === 'reconnects' ? undefined : await changeStorm(load, flags);
  if (changes !== undefined) console.log(changeStormTable(changes));
  const reconnects = flags.only === 'changes' ? undefined : await reconnectStorm(load, flags);
  if (reconnects !== undefined) console.log(reconnectStormTable(reconnects));
  if (flags.json) console.log(JSON.stringify({ changes, reconnects }));
  const sound = [changes, reconnects].every((report) => report === undefined || isSound(report));
  if (!sound || (flags.check && changes?.storm !== undefined && !isBounded(changes.storm))) process.exitCode = 1;
});

async function changeStorm(load: string, flags: Flags): Promise<LoadReport> {
  await using cluster = await startMeasuredCluster(progressToStderr);
  await using istiod = await startMeasuredIstiod(measured(flags, cluster.kubeconfig));
  const { changeServices: services, changeProxies: proxies, spread = services, protocol, rate, seconds } = flags;
  progressToStderr(`${rate} changes a second to ${spread} services for ${seconds} s, ${proxies} sidecars`);
  const storm = { rate, seconds, services: spread };
  return await runLoad(load, istiod, { services, proxies, protocol, rounds: 0, storm, change: 'endpoint' });
}

async function reconnectStorm(load: string, flags: Flags): Promise<LoadReport> {
  await using cluster = await startMeasuredCluster(progressToStderr);
  await using istiod = await startMeasuredIstiod(measured(flags, cluster.kubeconfig));
  const { services, proxies, protocol } = flags;
  progressToStderr(`${proxies} sidecars connect at once to a mesh of ${services} services`);
  return await runLoad(load, istiod, { services, proxies, protocol, rounds: 0, dial: 0, envoyBackoff: true });
}

function measured(flags: Flags, kubeconfig: string): Parameters<typeof startMeasuredIstiod>[0] {
  return { kubeconfig, program: flags.istiod, progress: progressToStderr };
}
