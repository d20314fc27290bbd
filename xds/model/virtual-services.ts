import { isIP } from 'node:net';
import { isDnsNameOrWildcard } from '../../config/syntax/names.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import type { ClientConditions } from './client-match.ts';
import { selectingTests } from './client-traits.ts';
import { meshGateway, someConcernsClient } from './client-match.ts';
import { isExportedTo } from './export-to.ts';
import { resolveHostname } from './hostname.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { VirtualServicesOfHost } from './mesh.ts';
import type { Problem } from './problem.ts';
import { objectName, problemsOf } from './problem.ts';
import type { Hostname } from './service.ts';
import type { View } from './view.ts';

/** Of the VirtualServices about a host those that the sidecars of a view obey: `gateways` empty or with `mesh`. */
export function virtualServicesFor(rules: VirtualServicesOfHost, view: View): VirtualServicesOfHost {
  const obeyed = (all: readonly VirtualService[]): readonly VirtualService[] =>
    all.length === 0 ? all : all.filter((it) => isForSidecars(it) && isVisible(it, view));
  return { naming: obeyed(rules.naming), covering: obeyed(rules.covering), misnaming: obeyed(rules.misnaming) };
}

/**
 * The VirtualService whose `http` rules hold for a host and port: the best one that has a rule for this view at all.
 * Rules are never merged across VirtualServices (Istio does not either, for sidecars).
 */
export function httpVirtualServiceFor(
  { naming, covering }: Pick<VirtualServicesOfHost, 'naming' | 'covering'>,
  view: View,
  port: number,
): VirtualService | undefined {
  const holds = (it: VirtualService): boolean => hasHttpRulesFor(it, view, port);
  return naming.find(holds) ?? covering.find(holds);
}

/** The VirtualServices about a host that have rules for TCP or TLS connections, best first. */
export function layer4VirtualServicesFor({ naming, covering }: VirtualServicesOfHost): readonly VirtualService[] {
  return [...naming, ...covering].filter(hasLayer4Rules);
}

function hasLayer4Rules({ spec }: VirtualService): boolean {
  return (spec.tcp ?? []).length > 0 || (spec.tls ?? []).length > 0;
}

/** A port that no match names, so that only rules for all ports hold for it. */
const anyPort = -1;

/** Whether a VirtualService has an HTTP rule that is for the sidecars of a view on a port. */
export function hasHttpRulesFor(virtualService: VirtualService, view: View, port: number): boolean {
  return (virtualService.spec.http ?? []).some((rule) => someConcernsClient(rule.match, view, port));
}

/** Whether a VirtualService has a rule for TLS or TCP connections that is for the sidecars of a view on a port. */
function hasLayer4RulesFor({ spec }: VirtualService, view: View, port: number): boolean {
  return [...(spec.tls ?? []), ...(spec.tcp ?? [])].some((rule) => someConcernsClient(rule.match, view, port));
}

/** Kinds of rules that are taken from one VirtualService each. */
const ruleKinds = [
  { name: 'http', isIn: ({ spec }: VirtualService) => (spec.http ?? []).length > 0, holdsFor: hasHttpRulesFor },
  { name: 'tls and tcp', isIn: hasLayer4Rules, holdsFor: hasLayer4RulesFor },
] as const;

/**
 * A problem of each VirtualService whose rules never hold for a host, since an older one has rules for all clients.
 * `rivals` are those that name the host, the oldest first.
 */
export function unusedRules(host: Hostname, rivals: readonly VirtualService[], view: View): readonly Problem[] {
  return ruleKinds.flatMap(({ name, isIn, holdsFor }) => {
    const prevailing = rivals.findIndex((it) => holdsFor(it, view, anyPort));
    const older = rivals[prevailing];
    if (older === undefined) return [];
    const winner = objectName('VirtualService', older.metadata);
    return rivals.slice(prevailing + 1).flatMap((younger) => {
      if (!isIn(younger)) return [];
      const message = `the ${name} rules are not used for ${host}: ${winner} is about it too and is older`;
      return [{ object: objectName('VirtualService', younger.metadata), path: 'spec.hosts', message }];
    });
  });
}

/** The labels that some match of a VirtualService selects clients by, see {@link ClientTraits}. */
export function sourceLabelTests({ spec }: VirtualService): readonly string[] {
  const rules = [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])];
  const matches = rules.flatMap((rule): readonly ClientConditions[] => rule.match ?? []);
  return [...new Set(matches.flatMap(({ sourceLabels }) => selectingTests(sourceLabels)))];
}

function isForSidecars({ spec }: VirtualService): boolean {
  return spec.gateways === undefined || spec.gateways.length === 0 || spec.gateways.includes(meshGateway);
}

function isVisible({ metadata, spec }: VirtualService, view: View): boolean {
  return isExportedTo(spec.exportTo, metadata.namespace ?? '', view.namespace);
}

/** The hosts of a VirtualService, completed and in lower case, and what is wrong with those that can't be used. */
export function hostsOf(
  virtualService: VirtualService,
  settings: Pick<MeshSettings, 'clusterDomain'>,
): {
  readonly usable: readonly Hostname[];
  readonly unusable: readonly Hostname[];
  readonly problems: readonly Problem[];
} {
  const { metadata, spec } = virtualService;
  const usable = new Set<Hostname>();
  const unusable = new Set<Hostname>();
  const { report, problems } = problemsOf(objectName('VirtualService', metadata));
  for (const [position, written] of (spec.hosts ?? []).entries()) {
    const host = resolveHostname(written, metadata.namespace ?? '', settings.clusterDomain);
    const wrong = hostProblem(host);
    if (wrong === undefined) usable.add(host);
    else {
      unusable.add(host);
      report(`spec.hosts[${position}]`, `host "${written}" is left out: ${wrong}`);
    }
  }
  return { usable: [...usable], unusable: [...unusable], problems };
}

function hostProblem(host: string): string | undefined {
  if (host === '*')
    return 'sidecars do not take rules for all hosts; name the hosts or a wildcard such as *.example.com';
  if (!isDnsNameOrWildcard(host) && isIP(host) === 0) return 'it is no host name, no wildcard of one and no IP address';
  return undefined;
}
