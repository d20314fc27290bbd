import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { alertRules, metricsIn } from './alerts.testing.ts';
import { dashboards } from './generate.ts';

const page = (path: string): string => readFileSync(new URL(`../docs/${path}`, import.meta.url), 'utf8');
const pages = ['reference/metrics.md', 'reference/certificate-authority.md', 'guide/status.md'].map(page).join('\n');

/** Prometheus' and Node's own, of which the pages speak as a whole; those of Envoy are Envoy's. */
const notOurs = /^(process|nodejs|envoy)_/;

describe('alerts', () => {
  const rules = alertRules();

  it.each(rules)('$alert says how bad it is, what is wrong and what that means', ({ alert, labels, annotations }) => {
    expect(alert).toMatch(/^Meltemi[A-Z]\w+$/);
    expect(Object.keys(labels)).toEqual(['severity']);
    expect(['critical', 'warning', 'info']).toContain(labels['severity']);
    expect(Object.keys(annotations).sort()).toEqual(['description', 'summary']);
    for (const text of Object.values(annotations)) expect(text).toMatch(/\.$/);
  });

  it('each have a section in the reference, where runbook_url leads, and no other has', () => {
    const sections = [...page('reference/alerts.md').matchAll(/^## (Meltemi\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(rules.map(({ alert }) => alert));
  });

  it.each(rules)('$alert is about metrics that are documented', ({ expr }) => {
    const names = metricsIn(expr);
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) expect(pages).toContain(name);
  });
});

describe('dashboards', () => {
  const panels = dashboards.flatMap(({ name, panels: own }) => own.map((panel) => ({ ...panel, where: name })));

  it.each(panels)('$where / $title shows metrics that are documented', ({ queries, description }) => {
    expect(description).toMatch(/\.$/);
    for (const { expr } of queries) {
      for (const name of metricsIn(expr).filter((one) => !notOurs.test(one))) expect(pages).toContain(name);
    }
  });

  it('have no two panels of a name', () => {
    const names = panels.map(({ where, title }) => `${where} / ${title}`);
    expect(new Set(names).size).toBe(names.length);
  });
});
