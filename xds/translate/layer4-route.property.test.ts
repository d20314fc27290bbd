import fc from 'fast-check';
import { expect, it } from 'vitest';
import { defaultMeshSettings } from '../model/mesh-settings.ts';
import { layer4RoutesFor } from './layer4-route.ts';
import { anyVirtualServiceSpec } from './route-arbitraries.ts';
import { ratings, reviews, reviewsRule, testDestinations, testService, testVirtualService } from './route-testing.ts';

const services = [ratings, reviews, testService('sniffed', { 80: 'auto', 81: 'tcp' })];
const anyVirtualServices = fc
  .array(anyVirtualServiceSpec, { maxLength: 4 })
  .map((specs) => specs.map((spec, position) => testVirtualService(`v${position}`, spec)));

it('leaves TCP connections somewhere to go, whatever users write, and two chains never match the same ones', () => {
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
