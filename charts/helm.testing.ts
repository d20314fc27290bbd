import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { ensureHelm } from '../e2e/cluster/binaries.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';

/** What the chart's tests are made with: the real Helm. */

export const chartFolder = fileURLToPath(new URL('meltemi', import.meta.url));
export const everythingFile = fileURLToPath(new URL('everything.testing.yaml', import.meta.url));

export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** Builds Helm where there is none yet, which takes minutes. */
export async function runHelm(...args: readonly string[]): Promise<string> {
  const helm = await ensureHelm(progressToStderr);
  const { stdout } = await promisify(execFile)(helm, args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** All objects of the chart with these values; `files` are values, too, and come before. */
export async function render(values: object = {}, files: readonly string[] = []): Promise<readonly Manifest[]> {
  const folder = mkdtempSync(join(tmpdir(), 'meltemi-chart-'));
  try {
    const file = join(folder, 'values.json');
    writeFileSync(file, JSON.stringify(values));
    const flags = [...files, file].flatMap((path) => ['--values', path]);
    const text = await runHelm('template', 'meltemi', chartFolder, '--namespace', 'meltemi-system', ...flags);
    return loadAll(text).filter((document): document is Manifest => document !== null && document !== undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Of these kinds all is generated, and tested where it is. */
const generated = ['CustomResourceDefinition', 'ClusterRole', 'ConfigMap', 'PrometheusRule'];

export function withoutGenerated(manifests: readonly Manifest[]): readonly Manifest[] {
  return manifests.filter(({ kind }) => !generated.includes(kind));
}

/** The object of a kind; the one of a name where there are several. */
export function only(manifests: readonly Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter(
    (manifest) => manifest.kind === kind && (name === undefined || manifest.metadata.name === name),
  );
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${String(found.length)} of kind ${kind}`);
  return first;
}

/** The container of the operator, as the Deployment has it. */
export function operatorContainer(manifests: readonly Manifest[]): Readonly<Record<string, unknown>> {
  const { template } = only(manifests, 'Deployment')['spec'] as { readonly template: PodTemplate };
  const [container] = template.spec.containers;
  if (container === undefined) throw new Error('the Deployment has no container');
  return container;
}

interface PodTemplate {
  readonly spec: { readonly containers: readonly Readonly<Record<string, unknown>>[] };
}
