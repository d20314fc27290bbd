import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { removeCgroups } from './cgroups.ts';
import { readState, type ClusterState } from './cluster-state.ts';
import { stopProcess } from './component.ts';
import { layoutOf, type ClusterLayout } from './layout.ts';
import { underLock } from './lock.ts';
import { stopNode } from './node.ts';
import { reported, type Progress } from './progress.ts';

/** Removes the cluster of a name and all that it made. Gives false when there is none. */
export async function down(name: string, progress: Progress): Promise<boolean> {
  const layout = layoutOf(name);
  return underLock(layout.folder, progress, `cluster ${name}`, async () => {
    if (!existsSync(layout.folder)) return false;
    await reported(progress, `cluster ${name}: stopping`, () => removeCluster(layout, progress));
    return true;
  });
}

/** Must be called under the cluster's lock. */
export async function removeCluster(layout: ClusterLayout, progress: Progress): Promise<void> {
  const state = await readState(layout.stateFile);
  if (state) await endNode(layout, state);
  await reported(progress, `cluster ${layout.name}: removing ${layout.folder}`, () =>
    rm(layout.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }),
  );
}

/** Ends all processes of a cluster, with which its network and mounts go, and removes its control groups. */
export async function endNode(layout: ClusterLayout, state: ClusterState): Promise<void> {
  if (state.node) await stopNode(layout.name, state.node);
  // What remains of the components outside the node are the processes that waited for them.
  await Promise.all(Object.values(state.components).map((process) => stopProcess(process)));
  await removeCgroups(layout.name);
}
