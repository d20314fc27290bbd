import { create } from '@bufbuild/protobuf';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { RouteConfigurationSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { VirtualHost } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { passthroughCluster } from '../model/names.ts';
import type { Problem } from '../model/problem.ts';
import { directAnswer, maxDirectResponseBytes } from './direct-response.ts';
import { forwardTo } from './forwarding.ts';
import { everyRequest } from './route-match.ts';
import { withUniqueDomains } from './unique-domains.ts';
import type { TranslatedVirtualHost } from './virtual-host.ts';

export { planRouteConfigurations } from './route-plan.ts';

export interface RouteConfigurationInput {
  readonly name: string;
  /** Whether it serves one sniffed port alone; its only virtual host then takes every request. */
  readonly sniffed: boolean;
  readonly virtualHosts: readonly TranslatedVirtualHost[];
  readonly settings: MeshSettings;
}

/**
 * Puts virtual hosts together to a route configuration: no domain twice (the problems say which were dropped), and for
 * requests to hosts that nobody knows what the mesh's outbound traffic policy says.
 */
export function translateRouteConfiguration(input: RouteConfigurationInput): {
  readonly routeConfiguration: RouteConfiguration;
  readonly problems: readonly Problem[];
} {
  if (input.sniffed) {
    const virtualHosts = input.virtualHosts.slice(0, 1).map(({ virtualHost }) => withDomains(virtualHost, ['*']));
    return { routeConfiguration: routeConfiguration(input.name, virtualHosts), problems: [] };
  }
  const { virtualHosts, problems } = withUniqueDomains(input.virtualHosts);
  const all = [...virtualHosts, catchAllVirtualHost(input.settings)];
  return { routeConfiguration: routeConfiguration(input.name, all), problems };
}

/** The route configuration that holds these virtual hosts, with the settings that all of them have in common. */
export function routeConfiguration(name: string, virtualHosts: readonly VirtualHost[]): RouteConfiguration {
  return create(RouteConfigurationSchema, {
    name,
    virtualHosts: [...virtualHosts],
    validateClusters: false,
    ignorePortInHostMatching: true,
    maxDirectResponseBodySizeBytes: maxDirectResponseBytes,
  });
}

/** The virtual host of hosts that nobody knows: `allow_any` passes requests on, `block_all` answers 502. */
export function catchAllVirtualHost(settings: MeshSettings): VirtualHost {
  const allowed = settings.outboundTrafficPolicy === 'ALLOW_ANY';
  const name = allowed ? 'allow_any' : 'block_all';
  return create(VirtualHostSchema, {
    name,
    domains: ['*'],
    routes: [
      {
        name,
        match: everyRequest(),
        action: allowed
          ? { case: 'route', value: forwardTo(passthroughCluster) }
          : { case: 'directResponse', value: directAnswer(502) },
      },
    ],
    includeRequestAttemptCount: true,
  });
}

function withDomains(virtualHost: VirtualHost, domains: readonly string[]): VirtualHost {
  return { ...virtualHost, domains: [...domains] };
}
