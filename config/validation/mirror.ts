import type { HttpRoute } from '../../crds/http-route.ts';
import { checkDestination } from './destination.ts';
import { checkPercent } from './fields.ts';
import type { Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';

/** The four generations of saying where copies of requests go, and how many. */
export function* checkMirrors(route: HttpRoute, path: string): Problems {
  if (route.mirror !== undefined && route.mirrors !== undefined && route.mirrors.length > 0) {
    yield error(path, 'must not have both mirror and mirrors');
  }
  yield* checkDestination(route.mirror, `${path}.mirror`);
  yield* checkPercent(route.mirrorPercentage?.value, `${path}.mirrorPercentage.value`);
  for (const name of ['mirrorPercent', 'mirror_percent'] as const) {
    yield* checkPercent(route[name], `${path}.${name}`);
    if ((route[name] ?? undefined) !== undefined) {
      yield warning(`${path}.${name}`, 'is deprecated; use mirrorPercentage');
    }
  }
  yield* each(route.mirrors, `${path}.mirrors`, function* (mirror, at) {
    yield* checkDestination(mirror.destination, `${at}.destination`);
    yield* checkPercent(mirror.percentage?.value, `${at}.percentage.value`);
  });
}
