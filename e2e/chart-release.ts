import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import { inRepository } from './environment.ts';
import { operatorNamespace } from './mesh.ts';

/**
 * Where a local cluster differs from the one that `charts/everything.testing.yaml` is about: its images are there and
 * cannot be pulled. The kinds stay, since they may hold objects of others.
 */
const valuesHere = {
  global: { hub: '' },
  image: { repository: 'meltemi/meltemi', tag: '', digest: '', pullPolicy: 'IfNotPresent' },
  istiod: { image: { repository: '', tag: '' } },
  proxy: { image: { tag: '' } },
  crds: { keep: true },
  metrics: { dashboards: { namespace: '' } },
  rbac: { userRoles: { aggregate: true } },
  extraArgs: [],
  logLevel: 'info',
};

/** Runs a helm command about the release with every value of the chart set, and those of `flags` over them. */
export async function helmWithEverything(
  { helm }: Pick<Environment, 'helm'>,
  command: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-values-'));
  try {
    const file = join(folder, 'here.json');
    await writeFile(file, JSON.stringify(valuesHere));
    const values = ['--values', inRepository('charts/everything.testing.yaml'), '--values', file];
    const release = ['meltemi', inRepository('charts/meltemi'), '--namespace', operatorNamespace];
    return await helm([...command, ...release, ...values, ...flags]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
