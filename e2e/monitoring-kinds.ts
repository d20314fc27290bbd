import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './cluster/command.ts';
import { findCommand } from './cluster/debian-packages.ts';

const prometheusOperator = 'github.com/prometheus-operator/prometheus-operator@v0.85.0';

/** Kinds of monitoring.coreos.com/v1 that the chart makes objects of. */
const plurals = ['servicemonitors', 'podmonitors', 'prometheusrules'] as const;

export const monitoringKinds: readonly string[] = plurals.map((plural) => `${plural}.monitoring.coreos.com`);

/** The Prometheus operator's own CustomResourceDefinitions of these kinds, as files out of its Go module. */
export async function monitoringDefinitions(): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-monitoring-'));
  try {
    await writeFile(join(folder, 'go.mod'), 'module monitoring\n\ngo 1.26.0\n');
    const go = findCommand('go', `${process.env['PATH'] ?? ''}:/usr/local/go/bin`) ?? 'go';
    const text = await run(go, ['mod', 'download', '-json', prometheusOperator], { cwd: folder });
    const { Dir } = JSON.parse(text) as { readonly Dir: string };
    return plurals.map((plural) => join(Dir, `example/prometheus-operator-crd/monitoring.coreos.com_${plural}.yaml`));
  } finally {
    await rm(folder, { recursive: true });
  }
}
