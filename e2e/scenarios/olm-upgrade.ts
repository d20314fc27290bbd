import { setTimeout as sleep } from 'node:timers/promises';
import { crdName } from '../../crds/custom-resource-definition.ts';
import { kinds, meshControlPlanes } from '../../crds/kinds.ts';
import {
  customResourceDefinitions,
  deployments,
  leases,
  pods,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import { version } from '../../lib/version.ts';
import type { BundleSource } from '../../olm/cluster-service-version.ts';
import { bundleSource } from '../../olm/generate.ts';
import { defaultImages } from '../../olm/images.ts';
import { deploymentName } from '../../olm/install-strategy.ts';
import { csvName } from '../../olm/releases.ts';
import { admissionConfigurationName } from '../../operator/admission/webhook-configuration.ts';
import { leaseName } from '../../operator/run.ts';
import { typeOf } from '../../operator/type-meta.ts';
import type { Environment } from '../environment.ts';
import { eventually } from '../eventually.ts';
import { controlPlaneName, meshNamespace, uninstallMesh, waitForControlPlane } from '../mesh.ts';
import { OlmInstaller } from '../olm/installer.ts';
import { nextVersion } from '../releases/next-version.ts';
import { ensureRelease } from '../releases/release.ts';
import { podMetrics, total } from '../pod-metrics.ts';
import type { Check, Scenario } from '../scenario.ts';

const namespace = 'e2e-olm';
const operatorPods = { namespace, labelSelector: 'app.kubernetes.io/name=meltemi-operator', port: 8080 };

const old = bundleSource();

export const olmUpgrade: Scenario = {
  name: 'olm-upgrade',
  summary:
    'the bundle of the next version replaces the operator as OLM does it: held, beside, then alone; istiod stays',
  async run(environment, check) {
    await uninstallMesh(environment);
    const olm = new OlmInstaller(environment, namespace);
    const added = await missingDefinitions(environment);
    const next = await nextBundle(environment);
    try {
      await olm.prepare();
      environment.progress(`olm: installing ${csvName(version)}`);
      await olm.install(old);
      const readySeconds = await applyPinnedControlPlane(environment);
      const istiods = await istiodPods(environment);
      await eventually('the operator says that it can be upgraded', () => said(olm, csvName(version), 'True'));
      check('a settled operator tells OLM that it can be upgraded', true);

      await checkHeld(environment, olm, next, check);
      check('a rollout that was given up has restarted no istiod', same(istiods, await istiodPods(environment)));

      const started = performance.now();
      const figures = await checkReplaced(environment, olm, next, check);
      const upgradeSeconds = Math.round(performance.now() - started) / 1000;
      const after = await istiodPods(environment);
      check('the upgrade of the operator has restarted no istiod', same(istiods, after), { istiods, after });
      await waitForControlPlane(environment);
      check('the control plane is Ready', true);
      const found = await environment.client.get(meshControlPlanes, { name: controlPlaneName });
      check('... and of the version that was asked for', found?.status?.version === version, found?.status?.version);
      return { readySeconds, upgradeSeconds, ...figures };
    } finally {
      await cleanUp(environment, olm, added);
    }
  },
};

/** The bundle of the next version. A cluster that is not ours has its images only if somebody has pushed them there. */
async function nextBundle({ cluster, progress }: Environment): Promise<BundleSource> {
  if (cluster.local) await (await ensureRelease(nextVersion, {}, progress)).loadInto(cluster);
  const release = { version: nextVersion, createdAt: '2027-01-01T00:00:00Z' };
  return bundleSource(release, defaultImages(cluster.local ? nextVersion : version));
}

/** Of a version that stays what it is when the operator becomes another one. */
async function applyPinnedControlPlane(environment: Environment): Promise<number> {
  const { cluster, progress } = environment;
  progress(`control plane: applying a MeshControlPlane of version ${version}`);
  const started = performance.now();
  const object = {
    ...typeOf(meshControlPlanes),
    metadata: { name: controlPlaneName },
    spec: { version },
  };
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(object) });
  await waitForControlPlane(environment);
  return Math.round(performance.now() - started) / 1000;
}

/** While istiod is rolled out, to nodes that are not there, OLM may not go on. */
async function checkHeld(environment: Environment, olm: OlmInstaller, next: BundleSource, check: Check): Promise<void> {
  const { client } = environment;
  const setNodes = (nodeSelector: object | null) =>
    client.mergePatch(meshControlPlanes, { name: controlPlaneName }, { spec: { pilot: { nodeSelector } } });
  await setNodes({ 'meltemi.dev/nowhere': 'true' });
  await eventually('the operator asks OLM to wait', () => said(olm, csvName(version), 'False'));
  check('an operator with something under way asks OLM to wait', true);
  const answer = await olm.upgrade(csvName(version), next);
  check('OLM holds the upgrade', answer === 'held', answer);
  const early = await client.get(deployments, { namespace, name: deploymentName(nextVersion) });
  check('... and nothing of the next version is there', early === undefined);
  await setNodes(null);
  await waitForControlPlane(environment);
  await eventually('the operator says that it can be upgraded again', () => said(olm, csvName(version), 'True'));
  check('afterwards it lets OLM go on', true);
}

/** The new operator comes beside the old one, which leads until it goes. */
async function checkReplaced(environment: Environment, olm: OlmInstaller, next: BundleSource, check: Check) {
  const { client, progress } = environment;
  progress(`olm: installing ${csvName(nextVersion)} beside ${csvName(version)}`);
  const watch = new LeaderWatch(environment);
  const answer = await olm.upgrade(csvName(version), next);
  check('OLM goes on', answer === 'installed', answer);
  const before = await client.get(deployments, { namespace, name: deploymentName(version) });
  check('both operators run side by side', (before?.status?.availableReplicas ?? 0) > 0, before?.status);
  check('... and the old one leads', (await leader(environment)).startsWith(deploymentName(version)));

  progress(`olm: removing ${csvName(version)}`);
  const removedAt = performance.now();
  await olm.remove(csvName(version));
  await eventually('the new operator leads', async () =>
    (await leader(environment)).startsWith(deploymentName(nextVersion)) ? true : undefined,
  );
  const takeoverSeconds = Math.round(performance.now() - removedAt) / 1000;
  await eventually('the old pods are gone', async () => {
    const { items } = await client.list(pods, operatorPods);
    return items.every(({ metadata }) => metadata.name.startsWith(deploymentName(nextVersion))) ? true : undefined;
  });
  check('the new operator alone is left', true);
  await eventually('the new operator has told OLM where it stands', () => said(olm, csvName(nextVersion), 'True'));
  check('... and tells OLM that it can be upgraded', true);
  await eventually('the new operator judges what is applied', () => judgedBy(environment, csvName(nextVersion)));
  check('... and judges what is applied, now that what was owned by the old one is gone', true);
  const seen = await watch.stop();
  check('there were never two leaders', seen.most === 1, seen);
  const now = await leaders(environment);
  check('exactly one operator leads', now === 1, now);
  return { takeoverSeconds, looksForLeaders: seen.looks };
}

async function said(olm: OlmInstaller, name: string, status: 'True' | 'False'): Promise<true | undefined> {
  return (await olm.upgradeable(name)) === status ? true : undefined;
}

/** The webhook belongs to what grants the operator its rights, and goes with that. */
async function judgedBy({ client }: Environment, csv: string): Promise<true | undefined> {
  const found = await client.get(validatingWebhookConfigurations, { name: admissionConfigurationName(namespace) });
  return found?.metadata.ownerReferences?.every(({ name }) => name.startsWith(`${csv}-`)) === true ? true : undefined;
}

/** The pod that holds the lease. */
async function leader({ client }: Environment): Promise<string> {
  const lease = await client.get(leases, { namespace, name: leaseName });
  return lease?.spec?.holderIdentity ?? '';
}

/** How many operators take themselves for the leader. */
async function leaders(environment: Environment): Promise<number> {
  return total(await podMetrics(environment, operatorPods), 'leader_election_master_status');
}

/** Counts leaders all the time, until it is stopped. */
class LeaderWatch {
  readonly #stopping = new AbortController();
  readonly #running: Promise<{ readonly most: number; readonly looks: number }>;

  constructor(environment: Environment) {
    this.#running = this.#watch(environment);
  }

  async #watch(environment: Environment): Promise<{ readonly most: number; readonly looks: number }> {
    let most = 0;
    let looks = 0;
    while (!this.#stopping.signal.aborted) {
      // A pod that comes or goes cannot be asked, and the next look is soon.
      const found = await leaders(environment).catch(() => undefined);
      if (found !== undefined) {
        most = Math.max(most, found);
        looks++;
      }
      await sleep(200);
    }
    return { most, looks };
  }

  stop(): Promise<{ readonly most: number; readonly looks: number }> {
    this.#stopping.abort();
    return this.#running;
  }
}

interface IstiodPod {
  readonly uid: string | undefined;
  readonly restarts: number;
}

async function istiodPods({ client }: Environment): Promise<readonly IstiodPod[]> {
  const { items } = await client.list(pods, { namespace: meshNamespace, labelSelector: 'app=istiod' });
  return items
    .filter(({ metadata, status }) => metadata.deletionTimestamp === undefined && status?.phase === 'Running')
    .map(({ metadata, status }) => ({
      uid: metadata.uid,
      restarts: (status?.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0),
    }));
}

function same(before: readonly IstiodPod[], after: readonly IstiodPod[]): boolean {
  const text = (all: readonly IstiodPod[]): string => JSON.stringify(all.toSorted(byUid));
  return before.length > 0 && text(before) === text(after);
}

const byUid = (a: IstiodPod, b: IstiodPod): number => ((a.uid ?? '') < (b.uid ?? '') ? -1 : 1);

/** The kinds that the cluster does not have yet, and that the scenario has to take away again. */
async function missingDefinitions({ client }: Environment): Promise<readonly string[]> {
  const { items } = await client.list(customResourceDefinitions, { metadataOnly: true });
  const present = items.map(({ metadata }) => metadata.name);
  return kinds.map(crdName).filter((name) => !present.includes(name));
}

async function cleanUp(environment: Environment, olm: OlmInstaller, added: readonly string[]): Promise<void> {
  const { cluster } = environment;
  await cluster.kubectl(['delete', 'meshcontrolplanes', '--all', '--wait', '--timeout=120s', '--ignore-not-found']);
  for (const name of [csvName(version), csvName(nextVersion)]) await olm.remove(name);
  await olm.leave();
  if (added.length > 0) await cluster.kubectl(['delete', 'crd', ...added, '--timeout=60s', '--ignore-not-found']);
}
