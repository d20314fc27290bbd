import { isIP } from 'node:net';
import type { VirtualService, VirtualServiceSpec } from '../../crds/virtual-service.ts';
import { covers, isDnsNameOrWildcard, isWildcard } from '../syntax/names.ts';
import { checkExportTo, checkGateways } from './fields.ts';
import { checkHttpRoutes } from './http-route.ts';
import { checkTcpRoute, checkTlsRoute } from './layer4-route.ts';
import type { Problem, Problems } from './problem.ts';
import { duplicates, each, error, warning } from './problem.ts';
import { checkReachable } from './reachability.ts';

/** The gateway that stands for all sidecars. */
const mesh = 'mesh';
/** Bounds of what one object may make a control plane compute; far above what people write. */
const mostWildcards = 500;
const longestRegexes = 65_536;

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
  const regexes = regexLength(spec.http);
  if (regexes > longestRegexes) {
    yield error(
      'spec.http',
      `has regular expressions of ${regexes} characters, and must have ${longestRegexes} at most`,
    );
    return;
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
  yield* each(hosts, 'spec.hosts', function* (host, path) {
    if (!isDnsNameOrWildcard(host) && isIP(host) === 0) {
      yield error(path, `"${host}" is neither a host name, nor a wildcard of one, nor an IP address`);
    } else if (host === '*' && isForSidecars) {
      yield error(path, '* is for gateways only; name the hosts that sidecars are to route');
    }
  });
  yield* duplicates(hosts, 'spec.hosts', 'host');
  yield* checkOverlaps(hosts);
}

/** Of all pairs only those with a wildcard are compared, and wildcards are bounded, so that long lists cost no squares. */
function* checkOverlaps(hosts: readonly string[]): Problems {
  const wildcards = hosts.filter(isWildcard);
  if (wildcards.length > mostWildcards) {
    yield error('spec.hosts', `must not have more than ${mostWildcards} wildcards, has ${wildcards.length}`);
    return;
  }
  yield* each(hosts, 'spec.hosts', function* (host, path) {
    const wider = wildcards.find((wildcard) => wildcard !== host && covers(wildcard, host));
    if (wider !== undefined) yield error(path, `"${host}" is covered by "${wider}" too`);
  });
}

/** The characters of all regular expressions below a value, which say what it costs to check and to hold them. */
function regexLength(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.entries(value).reduce((sum, [key, inner]: [string, unknown]) => {
    const isRegex = typeof inner === 'string' && (key === 'regex' || key === 'match');
    return sum + (isRegex ? inner.length : regexLength(inner));
  }, 0);
}
