import type { JsonValue } from '@bufbuild/protobuf';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Service } from '../model/service.ts';
import { anyVirtualServiceSpec } from '../translate/route-arbitraries.ts';
import { ratings, reviews, reviewsRule, testService, testVirtualService } from '../translate/route-testing.ts';
import { translateTestMesh } from './view-resources.testing.ts';

const services: readonly Service[] = [
  { ...ratings, addresses: ['10.96.0.1', 'fd00::1'] },
  reviews,
  testService('sniffed', { 80: 'auto', 81: 'tcp' }, { addresses: ['10.96.0.1'] }),
  testService('pods', { 80: 'http', 9080: 'http' }, { kind: 'headless' }),
];
/** Names that services have beside their full ones. */
const otherNames = fc.subarray([
  'ratings.other',
  'ratings.other.svc.cluster.local.',
  '10.96.0.1',
  'fd00::1',
  '*.pods',
  '*.pods.default.svc',
]);
const anyVirtualServices = fc
  .array(
    fc.tuple(anyVirtualServiceSpec, otherNames).map(([spec, names]) => ({
      ...spec,
      hosts: [...(spec.hosts ?? []), ...names],
    })),
    { maxLength: 4 },
  )
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

function domainsOf(configuration: JsonValue): readonly string[] {
  const lists = [...JSON.stringify(configuration).matchAll(/"domains":(\[.*?\])(?=[,}])/g)];
  return lists.flatMap(([, list]) => JSON.parse(list ?? '[]') as readonly string[]);
}

describe('whatever users write', () => {
  it('is translated without an error, and no domain stands twice in a route configuration', () => {
    fc.assert(
      fc.property(anyVirtualServices, (virtualServices) => {
        const { configurations } = translateTestMesh({ services, virtualServices, destinationRules: [reviewsRule] });
        expect(configurations.length).toBeGreaterThan(3);
        for (const configuration of configurations) {
          const domains = domainsOf(configuration);
          expect(domains).toContain('*');
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
});
