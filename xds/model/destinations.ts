import type { TrafficPolicy } from '../../crds/destination-rule.ts';
import type { Hostname, Service } from './service.ts';

/**
 * What a route has to know of the services it may lead to, as one view sees them. Every question is a dependency of the
 * route, so whoever answers can record what was asked.
 */
export interface Destinations {
  /** The service of that host name; undefined where there is none or the view does not see it. */
  service(hostname: Hostname): Service | undefined;
  /** Whether the DestinationRule of the host names that subset. */
  hasSubset(hostname: Hostname, subset: string): boolean;
  /** The policy of the host's DestinationRule, merged down to the port and the subset. */
  trafficPolicy(hostname: Hostname, port: number, subset?: string): TrafficPolicy | undefined;
}
