import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { layer4RoutesFor } from './layer4-route.ts';
import { anyVirtualServiceSpec } from './route-arbitraries.ts';
import {
  ratings,
  reviews,
  reviewsRule,
  testDestinations,
  testService,
  testVirtualService,
  translateTestMesh,
} from './route-testing.ts';

const services = [ratings, reviews, testService('sniffed', { 80: 'auto', 81: 'tcp' })];
const anyVirtualServices = fc
  .array(anyVirtualServiceSpec, { maxLength: 4 })
  .map((specs) => specs.map((spec, position) => testVirtualService(`v${position}`, spec)));

/** The same value with the keys of its objects in the opposite order. */
function withKeysReversed<T>(value: T): T {
  return copyWith(value, (entries) => entries.reverse());
}

function copyWith<T>(value: T, order: (entries: [string, unknown][]) => [string, unknown][]): T {
  return JSON.parse(JSON.stringify(value), (_, it: unknown) =>
    typeof it === 'object' && it !== null && !Array.isArray(it) ? Object.fromEntries(order(Object.entries(it))) : it,
  ) as T;
}

describe('whatever users write', () => {
  it('is translated without an error, and no domain stands twice in a route configuration', () => {
    fc.assert(
      fc.property(anyVirtualServices, (virtualServices) => {
        const { configurations } = translateTestMesh({ services, virtualServices, destinationRules: [reviewsRule] });
        for (const configuration of configurations) {
          const domains = [...JSON.stringify(configuration).matchAll(/"domains":(\[.*?\])/g)].flatMap(
            ([, list]) => list,
          );
          expect(new Set(domains).size).toBe(domains.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is translated to the same bytes however the keys of its maps are ordered', () => {
    fc.assert(
      fc.property(anyVirtualServices, (virtualServices) => {
        const mesh = { services, destinationRules: [reviewsRule] };
        const written = translateTestMesh({
          ...mesh,
          virtualServices: copyWith(virtualServices, (entries) => entries),
        });
        const reordered = translateTestMesh({ ...mesh, virtualServices: withKeysReversed(virtualServices) });
        expect(JSON.stringify(reordered.configurations)).toBe(JSON.stringify(written.configurations));
      }),
      { numRuns: 200 },
    );
  });

  it('leaves TCP connections somewhere to go, and two chains never match the same ones', () => {
    const destinations = testDestinations(services, [reviewsRule]);
    const environment = { view: { namespace: 'default' }, settings: defaultMeshSettings, destinations };
    fc.assert(
      fc.property(anyVirtualServices, (virtualServices) => {
        const { routes } = layer4RoutesFor({ service: reviews, port: 9080, virtualServices, environment });
        expect(routes.at(-1)).toMatchObject({ destinationRanges: [] });
        expect(routes.at(-1)?.serverName).toBeUndefined();
        const conditions = routes.map(({ serverName, destinationRanges }) =>
          JSON.stringify([serverName, destinationRanges]),
        );
        expect(new Set(conditions).size).toBe(conditions.length);
      }),
      { numRuns: 300 },
    );
  });
});
