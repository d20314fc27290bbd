import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { loadKubeClient } from '../lib/kube/client.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, runBenchmark, withCommonOptions } from './benchmark.ts';
import type { ChurnResult } from './churn/churn-report.ts';
import { churnTable, failures } from './churn/churn-report.ts';
import { startFleet } from './churn/fleet-client.ts';
import type { FleetClient } from './churn/fleet-client.ts';
import { sidecarOf } from './churn/layout.ts';
import { MemorySamples } from './churn/memory.ts';
import type { ChangeKind } from './churn/mesh-changes.ts';
import { MeshChanges } from './churn/mesh-changes.ts';
import { seededRandom } from './churn/random.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import type { MeasuredServer } from './measured-istiod.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';

interface Flags extends CommonFlags {
  readonly minutes: number;
  readonly services: number;
  readonly rate: number;
  readonly reconnect: number;
  readonly seed: number;
}

const program = new Command('bench:churn')
  .description(
    'Changes a mesh of every kind of object without a rest, while sidecars (delta), one for each service, keep what they ' +
      'are sent and reconnect at random with what they keep. Fails when istiod holds over a tenth more memory at the ' +
      'end than after five minutes, when a sidecar ends with anything but what a fresh istiod would send it, and when a ' +
      'response had to be rejected.',
  )
  .option('--minutes <n>', 'how long', count, 30)
  .option('--services <n>', 'services, and sidecars', count, 200)
  .option('--rate <n>', 'changes a second', count, 10)
  .option('--reconnect <seconds>', 'how long a stream lasts on average', count, 60)
  .option('--seed <n>', 'of the changes', count, Math.ceil(Math.random() * 1e9));
withCommonOptions(program);

await runBenchmark(program, async (owned) => {
  const flags = program.opts<Flags>();
  const { kubeconfig } = owned.use(await startMeasuredCluster(progressToStderr));
  const client = loadKubeClient({ kubeconfig });
  owned.defer(() => client.close());
  const changes = new MeshChanges(client, flags.services, seededRandom(flags.seed));
  progressToStderr(`writing ${flags.services} services, the changes' seed is ${flags.seed}`);
  await changes.populate();
  const istiodOptions = { kubeconfig, program: flags.istiod, progress: progressToStderr };
  const istiod = owned.use(await startMeasuredIstiod(istiodOptions));
  const fleet = owned.use(startFleet());
  const sidecars = Array.from({ length: flags.services }, (_, service) => sidecarOf(service));
  await fleet.ask({ type: 'start', address: istiod.address, sidecars, reconnectMs: flags.reconnect * 1_000 });
  progressToStderr(`${sidecars.length} sidecars are in sync; ${flags.rate} changes a second for ${flags.minutes} min`);

  const churned = await churn(flags, changes, istiod, fleet);
  progressToStderr('the changes have ended; waiting until all is quiet');
  await fleet.ask({ type: 'settle' });
  const fresh = owned.use(await startMeasuredIstiod(istiodOptions));
  progressToStderr('comparing each sidecar with what a fresh istiod sends');
  const { stats, complaints, comparison } = await fleet.ask({ type: 'compare', address: fresh.address });
  const { minutes, services, rate, seed } = flags;
  const result: ChurnResult = {
    minutes,
    services,
    proxies: services,
    rate,
    seed,
    ...churned,
    ...stats,
    complaints,
    comparison,
  };
  console.log(churnTable(result));
  for (const failure of failures(result)) console.error(`bench:churn: ${failure}`);
  if (flags.json) console.log(JSON.stringify(result));
  if (failures(result).length > 0) process.exitCode = 1;
});

type Churned = Pick<ChurnResult, 'changes' | 'changesByKind' | 'seconds' | 'rssMiB'>;

/** Makes changes until the time is over; what is late is made up for. */
async function churn(
  { minutes, rate }: Flags,
  changes: MeshChanges,
  istiod: MeasuredServer,
  fleet: FleetClient,
): Promise<Churned> {
  using memory = new MemorySamples(istiod.pid);
  const started = performance.now();
  const elapsed = (): number => (performance.now() - started) / 1_000;
  const rssMiB: number[] = [];
  const changesByKind: Partial<Record<ChangeKind, number>> = {};
  let made = 0;
  while (rssMiB.length < minutes) {
    if (elapsed() >= (rssMiB.length + 1) * 60) {
      rssMiB.push(memory.take());
      await report(rssMiB, made, fleet);
    } else if (made < elapsed() * rate) {
      const kind = await changes.next();
      changesByKind[kind] = (changesByKind[kind] ?? 0) + 1;
      made++;
    } else await delay(Math.max(1, (made / rate - elapsed()) * 1_000));
  }
  return { changes: made, changesByKind, seconds: elapsed(), rssMiB };
}

async function report(rssMiB: readonly number[], made: number, fleet: FleetClient): Promise<void> {
  const { stats } = await fleet.ask({ type: 'stats' });
  progressToStderr(
    `minute ${rssMiB.length}: ${rssMiB.at(-1)?.toFixed(0) ?? ''} MiB, ${made} changes, ${stats.reconnects} reconnects, ` +
      `${stats.responses} responses, ${stats.rejected} rejected`,
  );
}
