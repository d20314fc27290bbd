import { create } from '@bufbuild/protobuf';
import type { Route, VirtualHost } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import { VirtualHostSchema } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { Destinations } from '../model/destinations.ts';
import type { MeshSettings } from '../model/mesh-settings.ts';
import type { Problem } from '../model/problem.ts';
import { ProblemList } from '../model/problem.ts';
import type { View } from '../model/view.ts';
import { defaultRoute, translateHttpRules } from './route.ts';
import type { VirtualHostPlan } from './route-plan.ts';
import { virtualHostName } from './route-plan.ts';

/** What the virtual hosts of a view are translated with. */
export interface RouteEnvironment {
  readonly view: View;
  readonly settings: MeshSettings;
  readonly destinations: Destinations;
}

export interface TranslatedVirtualHost {
  readonly virtualHost: VirtualHost;
  readonly problems: readonly Problem[];
}

/** Translates one virtual host, independent of all others. */
export function translateVirtualHost(plan: VirtualHostPlan, environment: RouteEnvironment): TranslatedVirtualHost {
  const { routes, problems } = translateRoutes(plan, environment);
  const virtualHost = create(VirtualHostSchema, {
    name: virtualHostName(plan),
    domains: [...plan.domains],
    routes: [...routes],
    includeRequestAttemptCount: true,
  });
  return { virtualHost, problems };
}

function translateRoutes(
  { service, virtualService, port }: VirtualHostPlan,
  environment: RouteEnvironment,
): { readonly routes: readonly Route[]; readonly problems: readonly Problem[] } {
  if (virtualService !== undefined) {
    const list = new ProblemList();
    const routes = translateHttpRules({ ...environment, virtualService, port }, list);
    return { routes, problems: list.problems };
  }
  const routes = service === undefined ? [] : [defaultRoute(service, port, environment.destinations)];
  return { routes, problems: [] };
}
