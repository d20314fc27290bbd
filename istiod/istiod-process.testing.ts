import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { freePorts } from '../e2e/cluster/ports.ts';

/** One replica of istiod as a process of its own, as users run it. */
export interface IstiodProcess {
  /** Port of the plaintext xDS server on 127.0.0.1, and so on. */
  readonly ports: Readonly<Record<'plaintext' | 'secure' | 'webhook' | 'monitoring' | 'debug', number>>;
  /** All that it has logged. */
  readonly output: () => string;
  /** Status and body of `/readyz`; status 0 while nothing listens. */
  readonly ready: () => Promise<{ readonly status: number; readonly body: string }>;
  /** The exit code, once it has ended by itself or otherwise; undefined when a signal ended it. */
  readonly exited: Promise<number | undefined>;
  /** Sends SIGTERM; resolves with the exit code (undefined when a signal ended it) and how long it took, milliseconds. */
  readonly stop: () => Promise<{ readonly code: number | undefined; readonly tookMs: number }>;
}

const main = new URL('../bin/meltemi.ts', import.meta.url).pathname;

export async function startIstiod(kubeconfig: string, more: readonly string[] = []): Promise<IstiodProcess> {
  const [plaintext = 0, secure = 0, webhook = 0, monitoring = 0, debug = 0] = await freePorts(5);
  const args = [
    ['--kubeconfig', kubeconfig],
    ['--plaintext-address', `127.0.0.1:${plaintext}`],
    ['--secure-address', `127.0.0.1:${secure}`],
    ['--webhook-address', `127.0.0.1:${webhook}`],
    ['--monitoring-address', `127.0.0.1:${monitoring}`],
    ['--debug-address', `127.0.0.1:${debug}`],
  ].flat();
  const child = spawn(process.execPath, [main, 'istiod', ...args, ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exited = new Promise<number | undefined>((resolve) => child.once('exit', (code) => resolve(code ?? undefined)));
  return {
    exited,
    ports: { plaintext, secure, webhook, monitoring, debug },
    output: () => output,
    ready: () => readiness(monitoring),
    stop: () => stop(child, exited),
  };
}

async function readiness(port: number): Promise<{ readonly status: number; readonly body: string }> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return { status: response.status, body: await response.text() };
  } catch {
    return { status: 0, body: '' };
  }
}

async function stop(child: ChildProcess, exited: IstiodProcess['exited']): ReturnType<IstiodProcess['stop']> {
  const started = performance.now();
  child.kill('SIGTERM');
  return { code: await exited, tookMs: performance.now() - started };
}
