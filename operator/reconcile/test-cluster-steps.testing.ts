import { expect } from 'vitest';
import type { MeshRevision } from '../../crds/mesh-revision.ts';
import { TestCluster, testRoot } from './test-cluster.testing.ts';

/** What tests of revisions do again and again. */

export type Spec = Parameters<TestCluster['apply']>[1];

export async function installed(spec: Spec = {}, name = 'default'): Promise<TestCluster> {
  const cluster = new TestCluster(testRoot());
  cluster.apply(name, spec);
  await cluster.settle();
  return cluster;
}

export function activeOf(cluster: TestCluster, name = 'default'): string {
  return cluster.controlPlane(name).status?.activeRevision ?? 'none';
}

export function names(cluster: TestCluster): readonly string[] {
  return cluster.revisions().map(({ metadata }) => metadata.name);
}

export function revision(cluster: TestCluster, name: string): MeshRevision {
  const found = cluster.revisions().find(({ metadata }) => metadata.name === name);
  if (found === undefined) throw new Error(`no MeshRevision ${name}`);
  return found;
}

/** Lets time pass until the active revision is as wanted. */
export async function untilActive(cluster: TestCluster, isWanted: (name: string) => boolean): Promise<void> {
  for (let look = 0; !isWanted(activeOf(cluster)) && look < 5; look++) {
    cluster.pass(120_000);
    await cluster.settle();
  }
  expect(isWanted(activeOf(cluster)), activeOf(cluster)).toBe(true);
}

/** The writes of what follows, statuses aside. */
export async function writesOf(cluster: TestCluster, run: () => Promise<unknown>): Promise<readonly string[]> {
  const before = cluster.api.writes.length;
  await run();
  return cluster.api.writes.slice(before).filter((write) => !write.includes('/status'));
}
