import { Command, InvalidArgumentError, Option } from 'commander';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { describeError } from '../lib/errors.ts';
import type { LoadOptions } from './load-program.ts';
import { ensureLoadProgram, runLoad } from './load-program.ts';
import type { Measured } from './measured-istiod.ts';
import { startMeasuredIstiod } from './measured-istiod.ts';
import { reportTable } from './report-table.ts';

interface Flags extends Pick<LoadOptions, 'services' | 'proxies' | 'rounds' | 'change' | 'protocol'> {
  readonly peer?: { readonly pid: number; readonly address: string };
  readonly kubeconfig?: string;
  readonly json?: true;
}

function count(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('a number of at least 1 is wanted');
  return number;
}

function peer(value: string): NonNullable<Flags['peer']> {
  const [, pid, address] = /^(\d+),(\S+:\d+)$/.exec(value) ?? [];
  if (pid === undefined || address === undefined) throw new InvalidArgumentError('PID,HOST:PORT is wanted');
  return { pid: Number(pid), address };
}

const program = new Command('bench:xds')
  .description(
    'Measures the xDS server from outside: many simulated sidecars connect, and changes are timed from the write to the\n' +
      'Kubernetes API to their arrival at every sidecar. Starts an API server and istiod (dist/) of its own for it.',
  )
  .option('--services <n>', 'services, spread over 20 namespaces', count, 200)
  .option('--proxies <n>', 'simulated sidecars', count, 100)
  .option('--rounds <n>', 'changes to time', count, 20)
  .addOption(
    new Option('--change <kind>', 'what each round changes')
      .choices(['endpoint', 'route', 'service'])
      .default('endpoint'),
  )
  .addOption(new Option('--protocol <name>', 'xDS protocol').choices(['delta', 'sotw']).default('delta'))
  .option('--peer <pid,address>', 'measure this control plane, which already runs, instead', peer)
  .option('--kubeconfig <file>', "the peer's cluster; $KUBECONFIG when left out")
  .option('--json', 'print the figures as one JSON object on the last line, too')
  .action(measure);

async function measure(flags: Flags): Promise<void> {
  const load = await ensureLoadProgram(progressToStderr);
  await using measured = flags.peer === undefined ? await startMeasuredIstiod(progressToStderr) : peerOf(flags);
  progressToStderr(`measuring ${measured.address}: ${flags.services} services, ${flags.proxies} sidecars`);
  const report = await runLoad(load, { ...flags, ...measured });
  console.log(reportTable(report));
  if (flags.json) console.log(JSON.stringify(report));
  if (report.clientError !== undefined || report.arrivalsLost > 0 || report.nacks > 0) process.exitCode = 1;
}

function peerOf({ peer: running, kubeconfig = process.env['KUBECONFIG'] }: Flags): Measured {
  if (running === undefined || kubeconfig === undefined) {
    throw new Error('--peer needs --kubeconfig (or $KUBECONFIG): the cluster that it serves');
  }
  return { ...running, kubeconfig, [Symbol.asyncDispose]: () => Promise.resolve() };
}

try {
  await program.parseAsync();
} catch (error) {
  console.error(`bench:xds: ${describeError(error)}`);
  process.exitCode = 1;
}
