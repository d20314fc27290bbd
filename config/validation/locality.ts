import type { LocalityLbSetting } from '../../crds/load-balancer.ts';
import { isLabelKey } from '../syntax/names.ts';
import type { Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';

const topologyLabels = new Set([
  'topology.kubernetes.io/region',
  'topology.kubernetes.io/zone',
  'topology.istio.io/subzone',
]);

export function* checkLocality(
  setting: LocalityLbSetting | undefined,
  path: string,
  hasOutlierDetection: boolean,
): Problems {
  if (setting === undefined) return;
  const { distribute = [], failover = [], failoverPriority = [] } = setting;
  if (distribute.length > 0 && failover.length > 0) yield error(path, 'must not have both distribute and failover');
  yield* each(distribute, `${path}.distribute`, ({ to = {} }, at) => checkShares(to, `${at}.to`));
  yield* checkLocalities(
    distribute.map(({ from = '' }) => from),
    (index) => `${path}.distribute[${index}].from`,
  );
  yield* each(failover, `${path}.failover`, checkFailover);
  yield* each(failoverPriority, `${path}.failoverPriority`, function* (label, at) {
    const [key = ''] = label.split('=');
    if (!isLabelKey(key)) yield error(at, `"${key}" is no label key`);
    else if (failover.length > 0 && topologyLabels.has(key))
      yield error(at, `"${key}" must not be there together with failover`);
  });
  if (failover.length + failoverPriority.length > 0 && !hasOutlierDetection) {
    yield warning(path, 'fails over only with outlierDetection in the same policy, which is not there');
  }
}

function* checkShares(shares: Readonly<Record<string, number>>, path: string): Problems {
  for (const [locality, share] of Object.entries(shares)) {
    if (share < 1 || share > 100) yield error(`${path}.${locality}`, `must be from 1 to 100, is ${share}`);
  }
  const total = Object.values(shares).reduce((sum, share) => sum + share, 0);
  if (total !== 100) yield error(path, `the shares must sum up to 100, but sum up to ${total}`);
  yield* checkLocalities(Object.keys(shares), () => path);
}

function* checkFailover(
  { from = '', to = '' }: { readonly from?: string; readonly to?: string },
  path: string,
): Problems {
  if (from === to) yield error(path, `from and to must be different regions, are both "${from}"`);
  for (const [name, region] of Object.entries({ from, to })) {
    if (/[/*]/.test(region)) yield error(`${path}.${name}`, `must be a region without zone and *, is "${region}"`);
  }
}

/** Localities are `region/zone/subzone`, the end of which may be `*` or be left out; no two may overlap. */
function* checkLocalities(localities: readonly string[], pathOf: (index: number) => string): Problems {
  const firstOf = new Map([...localities.entries()].reverse().map(([index, locality]) => [patternOf(locality), index]));
  for (const [index, locality] of localities.entries()) {
    const parts = locality.split('/');
    if (parts.length > 3 || parts.includes('') || /\*./.test(locality)) {
      yield error(pathOf(index), `"${locality}" is no locality such as region/zone/subzone or region/*`);
      continue;
    }
    const others = widerPatterns(locality).map((pattern) => firstOf.get(pattern));
    const other = [...others, firstOf.get(patternOf(locality))].find((found) => found !== undefined && found !== index);
    if (other !== undefined) yield error(pathOf(index), `"${locality}" overlaps with "${localities[other] ?? ''}"`);
  }
}

/** `eu/*` for `eu` and `eu/*`. */
function patternOf(locality: string): string {
  return [...locality.split('/').filter((part) => part !== '*'), '*'].join('/');
}

/** What a locality lies in: `*` and `eu/*` for `eu/a`. */
function widerPatterns(locality: string): readonly string[] {
  const parts = locality.split('/').filter((part) => part !== '*');
  return parts.map((_, length) => [...parts.slice(0, length), '*'].join('/'));
}
