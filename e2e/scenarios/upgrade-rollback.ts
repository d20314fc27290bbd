import type { UpgradeStatus } from '../../crds/mesh-control-plane.ts';
import type { Environment } from '../environment.ts';
import type { FaultName } from '../releases/fault.ts';
import { faultNames } from '../releases/fault.ts';
import { ensureRelease } from '../releases/release.ts';
import type { Check, Scenario } from '../scenario.ts';

import type { LoadResult } from '../upgraded-mesh.ts';
import {
  allAnswer,
  askFor,
  deployWorkloads,
  generations,
  givenRevisions,
  installOld,
  newVersion,
  oldVersion,
  readControlPlane,
  startLoad,
  targetGone,
  upgradeNamespaces,
  upgradeOver,
  workloadNames,
} from '../upgraded-mesh.ts';
import { removeNamespace } from './injection.ts';

/** The batch that a bad version may do harm in. */
export const firstBatch = workloadNames.slice(0, 2);

export const upgradeRollback: Scenario = {
  name: 'upgrade-rollback',
  summary: `a bad ${newVersion}, in four ways, is found in the first batch, and all is back on ${oldVersion} by itself`,
  async run(environment, check) {
    const good = await ensureRelease(newVersion, {}, environment.progress);
    const figures: Record<string, unknown> = {};
    try {
      await installOld(environment, good);
      await deployWorkloads(environment);
      await allAnswer(environment);
      let attempt = 0;
      for (const fault of faultNames) {
        figures[fault] = await rollsBack(environment, check, fault, ++attempt);
      }
      return figures;
    } finally {
      for (const namespace of upgradeNamespaces) await removeNamespace(environment, namespace);
    }
  },
};

export const wholeSecond = (): Date => new Date(Math.floor(Date.now() / 1000) * 1000);

/** A version with a fault is asked for under load, and given up. */
async function rollsBack(environment: Environment, check: Check, fault: FaultName, attempt: number) {
  const { progress, cluster } = environment;
  progress(`upgrade to ${newVersion} with fault ${fault}`);
  const release = await ensureRelease(newVersion, { fault }, progress);
  await release.loadInto(cluster);
  const before = await generations(environment);
  const load = startLoad(environment);
  const since = wholeSecond();
  await askFor(environment, newVersion, attempt);
  const upgrade = await upgradeOver(environment, since);
  const results = await load.stop();
  check(`${fault}: everything is back by itself`, upgrade.phase === 'RolledBack', upgrade.message);
  check(`${fault}: found in the first batch at the latest`, (upgrade.batch?.index ?? 1) === 1, upgrade.batch);
  await checkBack(environment, check, fault);
  const after = await generations(environment);
  const touched = workloadNames.filter((name) => before.get(name) !== after.get(name));
  check(
    `${fault}: later batches were left alone`,
    touched.every((name) => firstBatch.includes(name)),
    touched,
  );
  checkLoad(check, fault, results);
  await leave(environment, attempt);
  return {
    reason: upgrade.failure?.reason,
    message: upgrade.failure?.message,
    seconds: secondsOf(upgrade),
    failedRequests: failedOf(results),
  };
}

function checkLoad(check: Check, fault: FaultName, results: ReadonlyMap<string, LoadResult>): void {
  const outside = [...results].filter(([name, { failed }]) => failed > 0 && !firstBatch.includes(name));
  check(`${fault}: no request failed outside of the first batch`, outside.length === 0, Object.fromEntries(outside));
  if (fault === 'answer-503') return;
  const inside = [...results].filter(([, { failed }]) => failed > 0);
  check(`${fault}: none failed in it either`, inside.length === 0, Object.fromEntries(inside));
}

export async function checkBack(environment: Environment, check: Check, what: string): Promise<void> {
  const given = [...(await givenRevisions(environment))].filter(([, revision]) => revision !== undefined);
  check(`${what}: no workload is given to the new revision any more`, given.length === 0, Object.fromEntries(given));
  const { status } = await readControlPlane(environment);
  check(`${what}: the old version is the active one`, status?.version === oldVersion, status?.version);
}

/** Asks for the old version again, so that the next try begins from a settled mesh. */
export async function leave(environment: Environment, attempt: number): Promise<void> {
  await askFor(environment, oldVersion, attempt);
  await targetGone(environment);
  await allAnswer(environment);
}

function secondsOf({ startTime, completionTime = '' }: UpgradeStatus): number {
  return (Date.parse(completionTime) - Date.parse(startTime)) / 1000;
}

function failedOf(results: ReadonlyMap<string, LoadResult>): Readonly<Record<string, number>> {
  return Object.fromEntries(
    [...results].filter(([, { failed }]) => failed > 0).map(([name, { failed }]) => [name, failed]),
  );
}
