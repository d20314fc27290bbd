import { Command, InvalidArgumentError, Option } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import type { CommonFlags } from './benchmark.ts';
import { count, duration, runBenchmark, withCommonOptions } from './benchmark.ts';
import { clearLoad, ensureLoadProgram, runLoad } from './load-program.ts';
import type { LoadOptions } from './load-program.ts';
import type { LoadReport } from './load-report.ts';
import { isSound } from './load-report.ts';
import { startMeasuredCluster } from './measured-cluster.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import { ratios, reportTable } from './report-table.ts';

interface Flags extends CommonFlags, LoadOptions {
  readonly peer?: { readonly pid: number; readonly address: string };
  readonly peerKubeconfig?: string;
}

function peer(value: string): NonNullable<Flags['peer']> {
  const [, pid, address] = /^(\d+),(\S+:\d+)$/.exec(value) ?? [];
  if (pid === undefined || address === undefined) throw new InvalidArgumentError('PID,HOST:PORT is wanted');
  return { pid: Number(pid), address };
}

const program = new Command('bench:xds')
  .description(
    'Measures the xDS server from outside: many simulated sidecars connect, and changes are timed from the write to the ' +
      'Kubernetes API to their arrival at every sidecar. Starts an API server and istiod (dist/) of its own for it.\n\n' +
      'A peer that already runs is measured by the same work afterwards; what the run puts into its cluster (namespaces ' +
      'load-0 to load-19) is deleted again, the empty namespaces stay.',
  )
  .option('--services <n>', 'services, spread over 20 namespaces', count, 200)
  .option('--proxies <n>', 'simulated sidecars', count, 100)
  .option('--rounds <n>', 'changes to time', count, 20)
  .option('--pause <duration>', 'rest between changes, longer than a server waits for more', duration, 300)
  .addOption(
    new Option('--change <kind>', 'what each round changes')
      .choices(['endpoint', 'route', 'service'])
      .default('endpoint'),
  )
  .addOption(new Option('--protocol <name>', 'xDS protocol').choices(['delta', 'sotw']).default('delta'))
  .option('--peer <pid,address>', 'measure this control plane, which already listens, in the same run', peer)
  .option('--peer-kubeconfig <file>', "the peer's cluster; $KUBECONFIG when left out");
withCommonOptions(program);

await runBenchmark(program, async () => {
  const flags = program.opts<Flags>();
  const peerKubeconfig = flags.peerKubeconfig ?? process.env['KUBECONFIG'];
  if (flags.peer !== undefined && peerKubeconfig === undefined) {
    throw new Error('--peer needs --peer-kubeconfig (or $KUBECONFIG): the cluster that it serves');
  }
  const load = await ensureLoadProgram(progressToStderr);
  const ours = await measureOurs(load, flags);
  const theirs =
    flags.peer === undefined || peerKubeconfig === undefined
      ? undefined
      : await measurePeer(load, { ...flags.peer, kubeconfig: peerKubeconfig }, flags);
  console.log(reportTable(ours, theirs));
  if (flags.json) {
    const compared = theirs === undefined ? {} : { peer: theirs, ratio: ratios(ours, theirs) };
    console.log(JSON.stringify({ ...ours, ...compared }));
  }
  if (!isSound(ours) || (theirs !== undefined && !isSound(theirs))) process.exitCode = 1;
});

/** Its cluster and istiod are gone before a peer is measured. */
async function measureOurs(load: string, flags: Flags): Promise<LoadReport> {
  await using cluster = await startMeasuredCluster(progressToStderr);
  await using istiod = await startMeasuredIstiod({
    kubeconfig: cluster.kubeconfig,
    program: flags.istiod,
    progress: progressToStderr,
  });
  progressToStderr(`measuring istiod: ${flags.services} services, ${flags.proxies} sidecars`);
  return await runLoad(load, istiod, flags);
}

async function measurePeer(load: string, server: Parameters<typeof runLoad>[1], flags: Flags): Promise<LoadReport> {
  progressToStderr(`measuring the peer at ${server.address}`);
  await clearLoad(load, server);
  try {
    return await runLoad(load, server, flags);
  } finally {
    await clearLoad(load, server);
  }
}
