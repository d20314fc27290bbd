import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from './environment.ts';
import { operatorNamespace } from './mesh.ts';
import { bundle } from './releases/release.ts';

/** An operator that is killed and started again, on this machine, in place of the one of the chart. */
export interface KilledOperator {
  /**
   * Starts it, and kills it (SIGKILL) after each of the times, milliseconds; then it goes on undisturbed. Ends early when
   * `isOver` says so before one of the kills; gives the number of kills.
   */
  readonly disturb: (timesMs: readonly number[], isOver: () => Promise<boolean>) => Promise<number>;
  /** Ends it, and has the chart's operator come back. */
  readonly close: () => Promise<void>;
}

/** Has the chart's operator end; a version's operator takes its place when `disturb` is called. */
export async function takeOperatorsPlace(environment: Environment, version: string): Promise<KilledOperator> {
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-operator-'));
  await bundle(folder, version);
  const scale = async (replicas: number): Promise<void> => {
    await environment.cluster.kubectl([
      ...['-n', operatorNamespace, 'scale', 'deployment/meltemi-operator', `--replicas=${String(replicas)}`],
    ]);
  };
  const script = join(folder, 'bin/meltemi.js');
  let running: ReturnType<typeof start> | undefined;
  return {
    disturb: async (timesMs, isOver) => {
      await scale(0);
      let kills = 0;
      for (const timeMs of timesMs) {
        running = start(environment, script);
        await sleep(timeMs);
        if (await isOver()) return kills;
        await end(running);
        kills++;
      }
      running = start(environment, script);
      return kills;
    },
    close: async () => {
      if (running !== undefined) await end(running);
      await scale(2);
      await environment.cluster.kubectl([
        ...['-n', operatorNamespace, 'rollout', 'status', 'deployment/meltemi-operator', '--timeout=120s'],
      ]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function start({ cluster }: Environment, script: string) {
  const addresses = ['--metrics-address', '127.0.0.1:0', '--health-address', '127.0.0.1:0'];
  const context = cluster.context === undefined ? [] : ['--context', cluster.context];
  const flags = ['--kubeconfig', cluster.kubeconfig, ...context, '--no-leader-elect', ...addresses];
  return spawn(process.execPath, [script, 'operator', ...flags], {
    stdio: 'ignore',
    env: { ...process.env, NO_PROXY: '*', no_proxy: '*' },
  });
}

async function end(child: ReturnType<typeof start>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
