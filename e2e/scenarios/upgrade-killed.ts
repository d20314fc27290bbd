import { seededRandom } from '../../bench/churn/random.ts';
import type { UpgradeStatus } from '../../crds/mesh-control-plane.ts';
import type { Environment } from '../environment.ts';
import { takeOperatorsPlace } from '../killed-operator.ts';
import type { FaultName } from '../releases/fault.ts';
import { ensureRelease } from '../releases/release.ts';
import type { Check, Scenario } from '../scenario.ts';
import {
  allAnswer,
  askFor,
  deployWorkloads,
  givenRevisions,
  installOld,
  newVersion,
  readControlPlane,
  startLoad,
  upgradeNamespaces,
  upgradeOver,
} from '../upgraded-mesh.ts';
import { removeNamespace } from './injection.ts';
import { checkBack, firstBatch, leave, wholeSecond } from './upgrade-rollback.ts';

/** Kills of the operator in one upgrade, at most; there are two such upgrades. */
const maxKills = 20;

export const upgradeKilled: Scenario = {
  name: 'upgrade-killed',
  summary:
    'an operator that is killed again and again comes to the same end, forward and back (E2E_SEED chooses the moments)',
  async run(environment, check) {
    const seed = Number(process.env['E2E_SEED'] ?? '1');
    const random = seededRandom(seed);
    const times = (): readonly number[] => Array.from({ length: maxKills }, () => 1000 + random.below(5000));
    try {
      // The operator that is killed runs outside of the cluster, where no API server could ask it for admission.
      const release = await ensureRelease(newVersion, {}, environment.progress);
      await installOld(environment, release, ['--set', 'webhook.enabled=false']);
      await deployWorkloads(environment);
      await allAnswer(environment);
      const back = await killed(environment, check, { attempt: 1, times: times(), fault: 'answer-503' });
      const forward = await killed(environment, check, { attempt: 2, times: times() });
      const kills = back.kills + forward.kills;
      check('the operator was killed 20 times at least', kills >= 20, kills);
      return { seed, kills, back, forward };
    } finally {
      for (const namespace of upgradeNamespaces) await removeNamespace(environment, namespace);
    }
  },
};

interface Disturbance {
  readonly attempt: number;
  /** When the operator is killed, milliseconds after each of its starts. */
  readonly times: readonly number[];
  readonly fault?: FaultName;
}

/** An upgrade whose operator is killed again and again comes to the same end. */
async function killed(environment: Environment, check: Check, { attempt, times, fault }: Disturbance) {
  const what = fault === undefined ? 'killed on the way forward' : 'killed on the way back';
  environment.progress(`upgrade whose operator is killed after ${times.join(', ')} ms`);
  const release = await ensureRelease(newVersion, fault === undefined ? {} : { fault }, environment.progress);
  await release.loadInto(environment.cluster);
  const operator = await takeOperatorsPlace(environment, newVersion);
  try {
    const load = startLoad(environment);
    const since = wholeSecond();
    await askFor(environment, newVersion, attempt);
    const isOver = async (): Promise<boolean> => {
      const upgrade = (await readControlPlane(environment)).status?.upgrade;
      const isNew = upgrade !== undefined && Date.parse(upgrade.startTime) >= since.getTime();
      return isNew && (upgrade.phase === 'Completed' || upgrade.phase === 'RolledBack');
    };
    const count = await operator.disturb(times, isOver);
    const upgrade = await upgradeOver(environment, since);
    const results = await load.stop();
    await checkEnd(environment, check, { what, upgrade, isBad: fault !== undefined });
    const outside = [...results].filter(
      ([name, { failed }]) => failed > 0 && !(fault !== undefined && firstBatch.includes(name)),
    );
    check(
      `${what}: no request failed but in the batch of a bad version`,
      outside.length === 0,
      Object.fromEntries(outside),
    );
    return { kills: count, seconds: secondsOf(upgrade), phase: upgrade.phase };
  } finally {
    await operator.close();
    if (fault !== undefined) await leave(environment, attempt);
  }
}

async function checkEnd(
  environment: Environment,
  check: Check,
  { what, upgrade, isBad }: { readonly what: string; readonly upgrade: UpgradeStatus; readonly isBad: boolean },
): Promise<void> {
  if (isBad) {
    check(`${what}: everything is back`, upgrade.phase === 'RolledBack' && upgrade.batch?.index === 1, upgrade);
    await checkBack(environment, check, what);
    return;
  }
  check(`${what}: the upgrade is completed`, upgrade.phase === 'Completed', upgrade.message);
  const given = [...(await givenRevisions(environment))].filter(([, revision]) => revision !== upgrade.toRevision);
  check(`${what}: every workload is given to the new revision`, given.length === 0, Object.fromEntries(given));
}

function secondsOf({ startTime, completionTime = '' }: UpgradeStatus): number {
  return (Date.parse(completionTime) - Date.parse(startTime)) / 1000;
}
