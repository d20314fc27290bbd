import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from './ports.ts';

const mountPoint = '/sys/fs/cgroup';

/** The control group, as a path in each hierarchy, under which the kubelet of a cluster keeps its pods. */
export function cgroupOf(clusterName: string): string {
  return `/meltemi-${clusterName}`;
}

/** The roots of the hierarchies: one for cgroup v2, several for v1 or both at once (cgroups(7)). */
export function hierarchiesOf(mounts: string): readonly string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, at = '', type]) => (type === 'cgroup' || type === 'cgroup2') && at.startsWith(mountPoint))
    .flatMap(([, at]) => (at === undefined ? [] : [at]));
}

async function foldersOf(clusterName: string): Promise<readonly string[]> {
  const roots = new Set(hierarchiesOf(await readFile('/proc/self/mounts', 'utf8')));
  return [...roots].map((root) => join(root, cgroupOf(clusterName)));
}

/** Makes the group in every hierarchy; a kubelet takes no group that isn't there. */
export async function makeCgroups(clusterName: string): Promise<void> {
  for (const folder of await foldersOf(clusterName)) {
    await delegate(join(folder, '..'));
    await mkdir(folder, { recursive: true });
  }
}

/** In cgroup v2 a group's controllers must be handed down to its children. */
async function delegate(parent: string): Promise<void> {
  const controllers = await readFile(join(parent, 'cgroup.controllers'), 'utf8').catch(() => '');
  for (const controller of controllers.split(/\s+/).filter(Boolean)) {
    await writeFile(join(parent, 'cgroup.subtree_control'), `+${controller}`).catch(() => undefined);
  }
}

/** Removes the group and all below it. Processes in it must have ended. */
export async function removeCgroups(clusterName: string): Promise<void> {
  for (const folder of await foldersOf(clusterName)) {
    // The kernel lets go of a group a moment after its last process.
    await until(`control group ${folder} to be removed`, () => removeTree(folder), 10_000);
  }
}

async function removeTree(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return true;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  return rmdir(folder).then(
    () => true,
    () => !existsSync(folder),
  );
}
