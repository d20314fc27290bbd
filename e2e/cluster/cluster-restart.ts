import { ensureKubernetes } from './binaries.ts';
import { repair } from './cluster-bringup.ts';
import { componentNames, type ComponentName } from './cluster-components.ts';
import { ClusterRunner } from './cluster-runner.ts';
import { readState } from './cluster-state.ts';
import { identify, stopProcess } from './component.ts';
import { layoutOf } from './layout.ts';
import { underLock } from './lock.ts';
import { childrenOf } from './node.ts';
import type { Progress } from './progress.ts';

/** An API server waits for its watchers, which don't go by themselves. */
const patienceMs = 3_000;

/** @throws Error for a word that names no component. */
export function componentNamed(word: string): ComponentName {
  const name = componentNames.find((known) => known === word);
  if (!name) throw new Error(`there is no component "${word}"; they are ${componentNames.join(', ')}`);
  return name;
}

/** Ends a component of a running cluster and starts it again, as an upgrade or a crash of it would. */
export async function restartComponent(cluster: string, name: ComponentName, progress: Progress): Promise<void> {
  const layout = layoutOf(cluster);
  await underLock(layout.folder, progress, `cluster ${cluster}`, async () => {
    const state = await readState(layout.stateFile);
    const launcher = state?.components[name];
    if (!state || !launcher) throw new Error(`cluster ${cluster} runs no ${name}`);
    // What was started is nsenter; the component is its child, and when the child ends it ends too.
    for (const pid of await childrenOf(launcher.pid)) {
      const child = await identify(pid);
      if (child) await stopProcess(child, patienceMs);
    }
    await stopProcess(launcher);
    await repair(new ClusterRunner(layout, state, await ensureKubernetes(progress)), () => undefined);
  });
}
