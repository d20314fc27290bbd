import { isIP } from 'node:net';
import type { RouteDestination, TcpRoute, TlsMatchAttributes, TlsRoute } from '../../crds/layer4-route.ts';
import { covers, isDnsNameOrWildcard } from '../syntax/names.ts';
import { checkDestination } from './destination.ts';
import { checkGateways, checkLabels, checkNamespace, checkPort, checkSubnets, checkWeights } from './fields.ts';
import type { Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';

export function* checkTlsRoute(route: TlsRoute, path: string, hosts: readonly string[]): Problems {
  if (route.match.length === 0) yield error(`${path}.match`, 'must have at least one entry');
  yield* each(route.match, `${path}.match`, function* (match, at) {
    yield* checkConnection(match, at);
    yield* checkSniHosts(match.sniHosts, `${at}.sniHosts`, hosts);
  });
  yield* checkDestinations(route.route, `${path}.route`);
}

export function* checkTcpRoute(route: TcpRoute, path: string): Problems {
  yield* each(route.match, `${path}.match`, function* (match, at) {
    yield* checkConnection(match, at);
    if (match.sourceSubnet !== undefined) yield warning(`${at}.sourceSubnet`, 'is deprecated and without effect');
  });
  yield* checkDestinations(route.route, `${path}.route`);
}

function* checkSniHosts(sniHosts: readonly string[], path: string, hosts: readonly string[]): Problems {
  if (sniHosts.length === 0) yield error(path, 'must have at least one entry');
  yield* each(sniHosts, path, function* (sniHost, at) {
    // What Envoys of a mesh send each other through a gateway: outbound_.<port>_.<subset>_.<host>.
    if (sniHost.startsWith('outbound_')) return;
    if (isIP(sniHost) > 0) yield warning(at, `"${sniHost}" is an IP address, which clients do not send as server name`);
    else if (!isDnsNameOrWildcard(sniHost))
      yield error(at, `"${sniHost}" is neither a host name nor a wildcard of one`);
    else if (!hosts.some((host) => covers(host, sniHost))) {
      yield error(at, `"${sniHost}" is covered by none of spec.hosts`);
    }
  });
}

type ConnectionMatch = Omit<TlsMatchAttributes, 'sniHosts'>;

function* checkConnection(match: ConnectionMatch, path: string): Problems {
  yield* checkSubnets(match.destinationSubnets, `${path}.destinationSubnets`);
  yield* checkPort(match.port === 0 ? undefined : match.port, `${path}.port`);
  yield* checkLabels(match.sourceLabels, `${path}.sourceLabels`);
  yield* checkNamespace(match.sourceNamespace, `${path}.sourceNamespace`);
  yield* checkGateways(match.gateways, `${path}.gateways`);
}

function* checkDestinations(routes: readonly RouteDestination[] | undefined, path: string): Problems {
  if (routes === undefined || routes.length === 0) yield error(path, 'must have at least one destination');
  yield* checkWeights(routes, path);
  yield* each(routes, path, (route, at) => checkDestination(route.destination, `${at}.destination`));
}
