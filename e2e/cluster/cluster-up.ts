import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { choosePlan, type AddressPlan } from './address-plan.ts';
import { ensureKubernetes, ensurePause } from './binaries.ts';
import { bringUp, repair } from './cluster-bringup.ts';
import type { ComponentName } from './cluster-components.ts';
import { endNode, removeCluster } from './cluster-down.ts';
import { ClusterRunner } from './cluster-runner.ts';
import { listStates, readState, writeState, type ClusterState } from './cluster-state.ts';
import type { Features } from './component-arguments.ts';
import { isAlive } from './component.ts';
import { clusterPackages, ensurePackages, imagePackages } from './debian-packages.ts';
import { usedRanges } from './host-addresses.ts';
import { buildPauseImage } from './image-load.ts';
import { layoutOf, type ClusterLayout } from './layout.ts';
import { underLock } from './lock.ts';
import type { Progress } from './progress.ts';

export interface UpOptions extends Features {
  readonly name: string;
  readonly progress: Progress;
}

/** What `up` did: made a cluster, started again what had died of one, or found all well. */
export interface UpResult {
  readonly layout: ClusterLayout;
  readonly plan: AddressPlan;
  readonly outcome: 'made' | 'repaired' | 'was up';
  /** The components that were started again. */
  readonly restarted: readonly ComponentName[];
}

/** Brings the cluster of a name up, and waits until pods can run in it. */
export async function up(options: UpOptions): Promise<UpResult> {
  const { name, progress } = options;
  const layout = layoutOf(name);
  await ensurePackages([...clusterPackages, ...imagePackages], progress);
  const binaries = await ensureKubernetes(progress);
  const parts = { pause: await ensurePause(progress), pauseImage: await buildPauseImage(progress) };
  return underLock(layout.folder, progress, `cluster ${name}`, async (): Promise<UpResult> => {
    const found = await readState(layout.stateFile);
    if (found && (await isUsable(found))) {
      refuseOtherFeatures(found, options);
      const restarted = await repair(new ClusterRunner(layout, found, binaries), progress);
      return { layout, plan: found.plan, restarted, outcome: restarted.length > 0 ? 'repaired' : 'was up' };
    }
    if (found) await removeCluster(layout, progress);
    const runner = new ClusterRunner(layout, await planned(layout, options), binaries);
    try {
      await bringUp(runner, parts, progress);
    } catch (error) {
      await endNode(layout, runner.state);
      progress(
        `cluster ${name}: did not come up and was stopped; its logs stay in ${layout.logs} until the next up or down`,
      );
      throw error;
    }
    return { layout, plan: runner.state.plan, outcome: 'made', restarted: [] };
  });
}

/** A cluster that was ready once and whose node lives can be repaired; any other is made anew. */
async function isUsable({ readySince, node }: ClusterState): Promise<boolean> {
  return readySince !== undefined && node !== undefined && isAlive(node.first);
}

function refuseOtherFeatures(found: ClusterState, wanted: UpOptions): void {
  const asText = ({ featureGates = {}, apis = [] }: Features) =>
    JSON.stringify([Object.entries(featureGates).sort(), [...apis].sort()]);
  const asked = wanted.featureGates !== undefined || wanted.apis !== undefined;
  if (!asked || asText(found.features) === asText(wanted)) return;
  throw new Error(`cluster ${found.name} is up with other feature gates or APIs than asked for; take it down first`);
}

/** Chooses addresses and writes them down, one cluster at a time, so that no two choose the same. */
function planned(layout: ClusterLayout, options: UpOptions): Promise<ClusterState> {
  const { name, featureGates = {}, apis = [], progress } = options;
  return underLock('addresses', progress, `cluster ${name}`, async () => {
    const others = await listStates(dirname(layout.folder));
    const plan = choosePlan([...(await usedRanges()), ...others.map((other) => other.plan.range)]);
    const state: ClusterState = { name, plan, features: { featureGates, apis }, components: {}, images: {} };
    await mkdir(layout.folder, { recursive: true, mode: 0o700 });
    await writeState(layout.stateFile, state);
    return state;
  });
}
