import { create } from '@bufbuild/protobuf';
import type { RouteConfiguration } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import { RouteConfigurationSchema, VhdsSchema } from '../envoy/gen/envoy/config/route/v3/route_pb.js';
import type { VirtualHost } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { MeshSettings } from '../model/mesh-settings.ts';
import { passthroughCluster } from '../model/names.ts';
import { aggregated } from './config-source.ts';
import { directAnswer, maxDirectResponseBytes } from './direct-response.ts';
import { forwardTo } from './forwarding.ts';
import { everyRequest } from './route-match.ts';
import { portRouteName } from './route-plan.ts';

/**
 * The route configuration of an HTTP port without its virtual hosts: for requests to hosts that nobody knows it has what
 * the mesh's outbound traffic policy says.
 */
export function portRouteConfiguration(port: number, settings: MeshSettings): RouteConfiguration {
  return routeConfiguration(portRouteName(port), [catchAllVirtualHost(settings)]);
}

/** The same, whose virtual hosts Envoy gets one by one (VHDS, delta only), as resources `<port>/<host>:<port>`. */
export function discoveringRouteConfiguration(port: number, settings: MeshSettings): RouteConfiguration {
  return { ...portRouteConfiguration(port, settings), vhds: create(VhdsSchema, { configSource: aggregated }) };
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
function catchAllVirtualHost(settings: MeshSettings): VirtualHost {
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
