import type { RouteConfiguration } from '../../../xds/envoy/gen/envoy/config/route/v3/route_pb.js';
import { directAnswer } from '../../../xds/translate/direct-response.ts';
import { inboundRoutes as right } from '../../../xds/translate/inbound-route.ts';

export * from '../../../xds/translate/inbound-route.ts';

/** Of `xds/translate/inbound-route.ts`: no request reaches the application. */
export function inboundRoutes(...input: Parameters<typeof right>): RouteConfiguration {
  const made = right(...input);
  for (const route of made.virtualHosts.flatMap(({ routes }) => routes)) {
    route.action = { case: 'directResponse', value: directAnswer(503) };
  }
  return made;
}
