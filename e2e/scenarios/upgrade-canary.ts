import { ensureRelease } from '../releases/release.ts';
import type { Scenario } from '../scenario.ts';
import { removeNamespace } from './injection.ts';
import {
  allAnswer,
  askFor,
  deployWorkloads,
  installOld,
  newVersion,
  oldVersion,
  readControlPlane,
  revisionsOfWorkloads,
  startLoad,
  upgradeNamespaces,
  upgradeOver,
  workloadNames,
} from '../upgraded-mesh.ts';

export const upgradeCanary: Scenario = {
  name: 'upgrade-canary',
  summary: `a canary from ${oldVersion} to ${newVersion} moves six workloads in three batches and loses no request`,
  async run(environment, check) {
    const release = await ensureRelease(newVersion, {}, environment.progress);
    try {
      await installOld(environment, release);
      await deployWorkloads(environment);
      await allAnswer(environment);
      const load = startLoad(environment);
      const since = new Date(Math.floor(Date.now() / 1000) * 1000);
      await askFor(environment, newVersion);
      const upgrade = await upgradeOver(environment, since);
      const results = await load.stop();
      check('the upgrade is completed', upgrade.phase === 'Completed', upgrade.message);
      check('in three batches', upgrade.batch?.index === 3 && upgrade.batch.of === 3, upgrade.batch);
      const lost = [...results].filter(([, { failed }]) => failed > 0);
      check('no request failed', lost.length === 0, Object.fromEntries(lost));
      const { status } = await readControlPlane(environment);
      check('the new version is the active one', status?.version === newVersion, status?.version);
      check('... by its MeshRevision', status?.activeRevision === upgrade.to, status?.activeRevision);
      const revisions = await revisionsOfWorkloads(environment);
      const left = workloadNames.filter((name) => revisions.get(name)?.join() !== upgrade.toRevision);
      check('every workload has sidecars of the new revision alone', left.length === 0, Object.fromEntries(revisions));
      const client = `Pod ${upgradeNamespaces[0]}/client`;
      const isNamed = upgrade.unmovable?.some(({ workload }) => workload === client) === true;
      check('the bare pod is named as one that cannot be moved', isNamed, upgrade.unmovable);
      const gates = upgrade.gates?.map(({ name, state }) => `${name} ${state}`) ?? [];
      check('the success rate was measured and held', gates.includes('successRate Passed'), upgrade.gates);
      const requests = [...results.values()].reduce((sum, { requests: count }) => sum + count, 0);
      const seconds = (Date.parse(upgrade.completionTime ?? '') - Date.parse(upgrade.startTime)) / 1000;
      return { requests, failedRequests: lost.length, upgradeSeconds: seconds, gates };
    } finally {
      for (const namespace of upgradeNamespaces) await removeNamespace(environment, namespace);
    }
  },
};
