import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../e2e/cluster/command.ts';
import { progressToStderr } from '../e2e/cluster/progress.ts';
import { alertRules } from './alerts.testing.ts';
import { dashboards } from './generate.ts';
import { everythingFile, only, render, runHelm } from './helm.testing.ts';
import { ensurePromtool } from './promtool.testing.ts';

const folder = mkdtempSync(join(tmpdir(), 'meltemi-alerts-'));
let promtool: string;

beforeAll(async () => {
  promtool = await ensurePromtool(progressToStderr);
  await runHelm('version');
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true }));

const rendered = async (values: object = {}) => only(await render(values, [everythingFile]), 'PrometheusRule')['spec'];

describe('alerts', () => {
  it('fire when they should, and not otherwise', async () => {
    const file = fileURLToPath(new URL('alerts.test.yaml', import.meta.url));
    expect(await run(promtool, ['test', 'rules', file])).toContain('SUCCESS');
  });

  it('are rules that Prometheus takes, as the chart makes them', async () => {
    const file = join(folder, 'rules.yaml');
    writeFileSync(file, dump(await rendered()));
    expect(await run(promtool, ['check', 'rules', file])).toContain(`${alertRules().length - 1} rules found`);
  });

  it('have their section of the reference as runbook, the labels of the chart, and can be left out', async () => {
    const rules = alertRules(dump(await rendered()));
    expect(rules.map(({ alert }) => alert)).not.toContain('MeltemiSidecarsReadSlowly');
    for (const { alert, annotations, labels } of rules) {
      expect(annotations['runbook_url']).toBe(`https://runbooks.example/meltemi#${alert.toLowerCase()}`);
      expect(labels['team']).toBe('mesh');
    }
  });
});

describe('dashboards', () => {
  it('are ConfigMaps that Grafana finds, each with one dashboard', async () => {
    const found = (await render({}, [everythingFile])).filter(({ kind }) => kind === 'ConfigMap');
    expect(found.map(({ metadata }) => metadata.name).sort()).toEqual(
      dashboards.map(({ name }) => `meltemi-operator-dashboard-${name}`).sort(),
    );
    for (const { metadata, data } of found) {
      expect(metadata.labels).toMatchObject({ grafana_dashboard: 'meltemi' });
      expect(metadata.annotations).toMatchObject({ grafana_folder: 'Mesh' });
      const [json = ''] = Object.values(data as Readonly<Record<string, string>>);
      expect(JSON.parse(json)).toMatchObject({ schemaVersion: 39 });
    }
  });

  it('ask what Prometheus understands', async () => {
    const expressions = dashboards.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries));
    const rules = expressions.map(({ expr }, index) => ({
      record: `panel:query:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const file = join(folder, 'queries.yaml');
    writeFileSync(file, dump({ groups: [{ name: 'panels', rules }] }));
    expect(await run(promtool, ['check', 'rules', '--lint=none', file])).toContain(`${rules.length} rules found`);
  });
});
