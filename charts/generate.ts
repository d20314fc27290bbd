import { dashboardModel } from './dashboard.ts';
import { certificatesDashboard } from './dashboards/certificates.ts';
import { istiodDashboard } from './dashboards/istiod.ts';
import { operatorDashboard } from './dashboards/operator.ts';
import { proxiesDashboard } from './dashboards/proxies.ts';
import { renderedUserRules } from './user-roles.ts';
import { renderedValuesReference } from './values-reference.ts';

export const dashboards = [operatorDashboard, istiodDashboard, certificatesDashboard, proxiesDashboard] as const;

/** What of the chart is made from code, by path from the root of the repository. */
export function renderedChart(): ReadonlyMap<string, string> {
  const files = dashboards.map((dashboard): readonly [string, string] => [
    `charts/meltemi/files/dashboards/${dashboard.name}.json`,
    json(dashboardModel(dashboard)),
  ]);
  return new Map([...files, ...renderedUserRules(), ...renderedValuesReference()]);
}

/** In prettier's form, which has a list of one text on one line. */
function json(of: object): string {
  return `${JSON.stringify(of, null, 2).replaceAll(/\[\s+("[^"]*")\s+\]/g, '[$1]')}\n`;
}
