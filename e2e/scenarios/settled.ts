import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { ensureMesh, operatorNamespace } from '../mesh.ts';
import { podMetrics, total } from '../pod-metrics.ts';
import type { Scenario } from '../scenario.ts';

const seconds = 60;

export const settled: Scenario = {
  name: 'settled',
  summary: 'an operator with nothing to do does nothing: no reconcile and no write',
  async run(environment, check) {
    await ensureMesh(environment);
    // Pods that end, proxies that come and go, and Events that are told once more after half a minute, are something to
    // do: the rest begins after the last of them.
    const windows: Activity[] = [];
    const rest = await eventually(
      `${seconds} s without anything to do`,
      async () => {
        const before = await activity(environment);
        await sleep(seconds * 1_000);
        const after = await activity(environment);
        windows.push({ reconciles: after.reconciles - before.reconciles, writes: after.writes - before.writes });
        return windows.find(({ reconciles, writes }) => reconciles === 0 && writes === 0);
      },
      { withinMs: 300_000 },
    );
    check(`no reconcile in ${seconds} s`, rest.reconciles === 0, windows);
    check(`no write in ${seconds} s`, rest.writes === 0, windows);
    return { seconds, ...rest, windows: windows.length };
  },
};

interface Activity {
  readonly reconciles: number;
  readonly writes: number;
}

/** What all replicas of the operator have done since they started. */
async function activity(environment: Environment): Promise<Activity> {
  const labelSelector = 'app.kubernetes.io/name=meltemi-operator';
  const pages = await podMetrics(environment, { namespace: operatorNamespace, labelSelector, port: 8080 });
  if (pages.length === 0) throw new Error(`there is no pod of the operator in ${operatorNamespace}`);
  return {
    reconciles: total(pages, 'controller_runtime_reconcile_total'),
    writes: total(pages, 'meltemi_operator_writes_total'),
  };
}
