import { isIP } from 'node:net';
import type { VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { covers, isDnsNameOrWildcard } from '../syntax/names.ts';
import { checkExportTo, checkGateways } from './fields.ts';
import { checkHttpRoutes } from './http-route.ts';
import { checkTcpRoute, checkTlsRoute } from './layer4-route.ts';
import type { Problem, Problems } from './problem.ts';
import { each, error, warning } from './problem.ts';
import { checkReachable } from './reachability.ts';

/** The gateway that stands for all sidecars. */
const mesh = 'mesh';

/** Everything about a VirtualService that cannot work, or will not do what it seems to. */
export function validateVirtualService({ metadata, spec }: VirtualService): readonly Problem[] {
  return [...checkSpec(spec, metadata.namespace)];
}

function* checkSpec(spec: VirtualServiceSpec, namespace: string | undefined): Problems {
  const hosts = spec.hosts ?? [];
  const isDelegate = hosts.length === 0;
  if (isDelegate) yield* checkIsDelegate(spec);
  else yield* checkHosts(hosts, spec.gateways);
  yield* checkGateways(spec.gateways, 'spec.gateways');
  yield* checkExportTo(spec.exportTo, 'spec.exportTo', namespace);
  if ([spec.http, spec.tls, spec.tcp].every((routes) => (routes ?? []).length === 0)) {
    yield error('spec', 'must have at least one of http, tls and tcp');
  }
  yield* checkHttpRoutes(spec.http, 'spec.http', isDelegate);
  yield* checkReachable(spec.tls ?? [], 'spec.tls');
  yield* each(spec.tls, 'spec.tls', (route, path) => checkTlsRoute(route, path, hosts));
  yield* each(spec.tcp, 'spec.tcp', checkTcpRoute);
}

/** Without hosts a VirtualService holds routes for another that delegates to it; those are for HTTP alone. */
function* checkIsDelegate({ gateways = [], tls = [], tcp = [] }: VirtualServiceSpec): Problems {
  if (gateways.length > 0 || tls.length > 0 || tcp.length > 0) {
    yield error('spec.hosts', 'must name at least one host');
    return;
  }
  yield warning(
    'spec.hosts',
    'names no host, so that the rules hold only where another VirtualService delegates to them',
  );
}

function* checkHosts(hosts: readonly string[], gateways: readonly string[] | undefined): Problems {
  const isForSidecars = gateways === undefined || gateways.length === 0 || gateways.includes(mesh);
  for (const [index, host] of hosts.entries()) {
    const path = `spec.hosts[${index}]`;
    const earlier = hosts.slice(0, index).find((other) => covers(other, host) || covers(host, other));
    if (!isDnsNameOrWildcard(host) && isIP(host) === 0) {
      yield error(path, `"${host}" is neither a host name, nor a wildcard of one, nor an IP address`);
    } else if (host === '*' && isForSidecars) {
      yield error(path, '* is for gateways only; name the hosts that sidecars are to route');
    } else if (earlier !== undefined) {
      yield error(path, earlier === host ? `"${host}" stands here twice` : `"${host}" overlaps with "${earlier}"`);
    }
  }
}
