import { containsAddress } from './address-range.ts';
import type { Layer4Route } from './layer4-route.ts';

/** The connections of one listener that one route gets; for each, exactly one chain is the right one. */
export interface Layer4Chain {
  /** The server name (SNI), a name or `*.<suffix>`; undefined for connections without a name that another chain has. */
  readonly serverName?: string;
  /** The addresses of the listener that it is for; empty for all of them. */
  readonly addresses: readonly string[];
  readonly clusters: Layer4Route['clusters'];
}

/**
 * What of the routes of a port applies to a listener. A connection can only have been made to one of the listener's own
 * addresses, so that ranges of destination addresses are decided here, in the order of the rules, and Envoy has to
 * tell addresses apart only where a service has several and the rules differ between them.
 */
export function layer4Chains(routes: readonly Layer4Route[], addresses: readonly string[]): readonly Layer4Chain[] {
  const ofRoute = new Map<Layer4Route, string[]>();
  for (const address of addresses) {
    for (const route of firstOfEachName(routes, address)) {
      const known = ofRoute.get(route);
      if (known === undefined) ofRoute.set(route, [address]);
      else known.push(address);
    }
  }
  const alike = [...ofRoute.values()].every(({ length }) => length === addresses.length);
  return routes.flatMap((route) => {
    const own = ofRoute.get(route);
    if (own === undefined) return [];
    const { serverName, clusters } = route;
    return [{ addresses: alike ? [] : own, clusters, ...(serverName === undefined ? {} : { serverName }) }];
  });
}

function firstOfEachName(routes: readonly Layer4Route[], address: string): readonly Layer4Route[] {
  const found = new Map<string | undefined, Layer4Route>();
  for (const route of routes) {
    if (!found.has(route.serverName) && isFor(route, address)) found.set(route.serverName, route);
  }
  return [...found.values()];
}

function isFor({ destinationRanges }: Layer4Route, address: string): boolean {
  return destinationRanges.length === 0 || destinationRanges.some((range) => containsAddress(range, address));
}
