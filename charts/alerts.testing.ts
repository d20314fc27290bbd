import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const alertsFile = new URL('meltemi/files/alerts.yaml', import.meta.url);

export function alertRules(text = readFileSync(alertsFile, 'utf8')): readonly AlertRule[] {
  const { groups } = load(text) as { readonly groups: readonly { readonly rules: readonly AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Names of the metrics in an expression, without what histograms add to them. */
export function metricsIn(expr: string): readonly string[] {
  const names = expr.match(
    /\b(?:pilot|istiod|citadel|galley|meltemi|controller|workqueue|leader|envoy|process|nodejs)_\w+/g,
  );
  return [...new Set(names ?? [])].map((name) => name.replace(/_(bucket|sum)$/, '')).filter((name) => !isLabel(name));
}

const labels = ['control_plane'];

function isLabel(name: string): boolean {
  return labels.includes(name);
}
