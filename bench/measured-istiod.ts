import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningComponent } from '../e2e/cluster/component.ts';
import { startComponent, stopProcess, untilReady } from '../e2e/cluster/component.ts';
import { freePorts } from '../e2e/cluster/ports.ts';
import type { Progress } from '../e2e/cluster/progress.ts';
import { boundCommand } from './bound-command.ts';

/** A control plane to be measured: where sidecars reach it, and whose CPU time and memory are read. */
export interface MeasuredServer {
  readonly pid: number;
  /** Plaintext ADS, `host:port`. */
  readonly address: string;
  /** The cluster that it serves, which the changes are written to. */
  readonly kubeconfig: string;
}

/** What `npm run build` makes. */
export const shippedProgram = join(import.meta.dirname, '../dist/bin/meltemi.js');

/** Node's own options in the image's entry point. */
export function shippedNodeOptions(): readonly string[] {
  const dockerfile = readFileSync(join(import.meta.dirname, '../images/meltemi/Dockerfile'), 'utf8');
  const entryPoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as readonly string[];
  return entryPoint.filter((argument) => argument.startsWith('--'));
}

export interface MeasuredIstiodOptions {
  readonly kubeconfig: string;
  /** The build to run, {@link shippedProgram} or another. */
  readonly program: string;
  readonly progress: Progress;
  /** Serves xDS and certificates over TLS, too; the cluster has to have the namespace istio-system for it. */
  readonly secure?: true;
  /** Further options for Node, as for a profile. */
  readonly nodeOptions?: readonly string[];
}

/** istiod as it is shipped, serving plaintext xDS and, if that is wanted, TLS. It ends with the result. */
export async function startMeasuredIstiod(
  options: MeasuredIstiodOptions,
): Promise<MeasuredServer & { readonly secureAddress: string } & AsyncDisposable> {
  const { kubeconfig, program, progress, nodeOptions = [] } = options;
  if (!existsSync(program)) throw new Error(`there is no ${program}; make it by \`npm run build\``);
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-bench-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  progress('starting istiod');
  const [plaintext = 0, monitoring = 0, secure = 0] = await freePorts(3);
  const address = `127.0.0.1:${plaintext}`;
  const secureAddress = `127.0.0.1:${secure}`;
  const [command, ...args] = boundCommand(process.execPath, [
    ...[...shippedNodeOptions(), ...nodeOptions, program, 'istiod', '--kubeconfig', kubeconfig],
    ...['--plaintext-address', address, '--secure-address', options.secure ? secureAddress : 'off'],
    ...['--webhook-address', 'off', '--debug-address', 'off', '--monitoring-address', `127.0.0.1:${monitoring}`],
  ]);
  const component = { name: 'istiod', command, args, log: join(folder, 'istiod.log') };
  const istiod: RunningComponent = { component, process: await startComponent(component) };
  stack.defer(() => stopProcess(istiod.process));
  await untilReady('istiod to be ready', [istiod], () => isReady(monitoring), 60_000);
  const owned = stack.move();
  const { pid } = istiod.process;
  return { pid, address, secureAddress, kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/readyz`)).ok;
  } catch {
    return false;
  }
}
