import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { boundCommand } from '../../bench/bound-command.ts';
import { operatorNamespace } from './test-mesh.testing.ts';

/** A process of the operator, that ends with the test's however it ends. */
export interface Replica {
  signal(name: NodeJS.Signals): void;
  /** The exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** What it logged so far. */
  readonly log: () => string;
}

const program = join(import.meta.dirname, '../../bin/meltemi.ts');
const leaseTimes = [
  '--leader-elect-lease-duration=4s',
  '--leader-elect-renew-deadline=2500ms',
  '--leader-elect-retry-period=300ms',
];

/** Starts a replica that reaches the API server by this kubeconfig. */
export function startReplica(identity: string, kubeconfig: string): Replica {
  const [command, ...args] = boundCommand(process.execPath, [
    ...[program, 'operator', '--kubeconfig', kubeconfig, '--namespace', operatorNamespace, '--log-level=debug'],
    ...['--metrics-address=127.0.0.1:0', '--health-address=127.0.0.1:0', ...leaseTimes],
  ]);
  const child: ChildProcess = spawn(command, args, {
    env: { ...process.env, POD_NAME: identity },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = once(child, 'exit').then(([code]: unknown[]) => (typeof code === 'number' ? code : null));
  return { signal: (name) => void child.kill(name), exited, log: () => log };
}
