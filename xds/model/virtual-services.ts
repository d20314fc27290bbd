import { isIP } from 'node:net';
import { isDnsNameOrWildcard } from '../../config/syntax/names.ts';
import type { VirtualService } from '../../crds/virtual-service.ts';
import { meshGateway, someConcernsClient } from './client-match.ts';
import { expandDelegates } from './delegates.ts';
import { isExportedTo } from './export-to.ts';
import { hostnameMatches, isWildcard, resolveHostname } from './hostname.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Problem } from './problem.ts';
import { objectName } from './problem.ts';
import type { Hostname } from './service.ts';
import type { View } from './view.ts';

/** The VirtualServices that the sidecars of one view obey, by the hosts they are about. */
export interface VirtualServiceIndex {
  readonly view: View;
  /** In order of precedence: the oldest first. */
  readonly virtualServices: readonly VirtualService[];
  /** Resolved hosts of each of them: full names and wildcards, lower case. */
  readonly hostsOf: ReadonlyMap<VirtualService, readonly Hostname[]>;
  readonly byHost: ReadonlyMap<Hostname, readonly VirtualService[]>;
  /** The wildcards among the hosts, the most specific (longest) first. */
  readonly wildcards: readonly Hostname[];
  readonly problems: readonly Problem[];
}

/**
 * Indexes the VirtualServices that a view sees and that are for sidecars (`gateways` empty or with `mesh`). They come
 * in order of precedence, as {@link Mesh.virtualServices} has them.
 */
export function indexVirtualServices(
  virtualServices: readonly VirtualService[],
  view: View,
  settings: MeshSettings,
): VirtualServiceIndex {
  const expanded = expandDelegates(virtualServices, settings);
  const relevant = expanded.virtualServices.filter((it) => isForSidecars(it) && isVisible(it, view));
  const hostsOf = new Map<VirtualService, readonly Hostname[]>();
  const byHost = new Map<Hostname, VirtualService[]>();
  const problems: Problem[] = [...expanded.problems];
  for (const virtualService of relevant) {
    const hosts = usableHosts(virtualService, settings, problems);
    hostsOf.set(virtualService, hosts);
    for (const host of hosts) {
      const others = byHost.get(host);
      if (others === undefined) byHost.set(host, [virtualService]);
      else others.push(virtualService);
    }
  }
  for (const [host, rivals] of byHost) problems.push(...unusedRules(host, rivals, view));
  const wildcards = [...byHost.keys()].filter(isWildcard).sort(bySpecificity);
  return { view, virtualServices: relevant, hostsOf, byHost, wildcards, problems };
}

/** All VirtualServices about a host, best first: those that name it, then those of the longest wildcard, and so on. */
export function virtualServicesFor(index: VirtualServiceIndex, hostname: Hostname): readonly VirtualService[] {
  const named = index.byHost.get(hostname) ?? [];
  const covering = index.wildcards.filter((wildcard) => wildcard !== hostname && hostnameMatches(wildcard, hostname));
  return [...named, ...covering.flatMap((wildcard) => index.byHost.get(wildcard) ?? [])];
}

/**
 * The VirtualService whose `http` rules hold for a host and port: the best one that has a rule for this view at all.
 * Rules are never merged across VirtualServices (Istio does not either, for sidecars).
 */
export function httpVirtualServiceFor(
  index: VirtualServiceIndex,
  hostname: Hostname,
  port: number,
): VirtualService | undefined {
  return virtualServicesFor(index, hostname).find((it) => hasHttpRulesFor(it, index.view, port));
}

/** The VirtualServices about a host that have rules for TCP or TLS connections, best first. */
export function layer4VirtualServicesFor(index: VirtualServiceIndex, hostname: Hostname): readonly VirtualService[] {
  return virtualServicesFor(index, hostname).filter(hasLayer4Rules);
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

/** A problem of each VirtualService whose rules never hold for a host, since an older one has rules for all clients. */
function unusedRules(host: Hostname, rivals: readonly VirtualService[], view: View): readonly Problem[] {
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

/** The label keys that some match of the VirtualServices tells clients apart by; views need these labels, no others. */
export function sourceLabelKeys(virtualServices: readonly VirtualService[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { spec } of virtualServices) {
    for (const rule of [...(spec.http ?? []), ...(spec.tls ?? []), ...(spec.tcp ?? [])]) {
      for (const match of rule.match ?? []) {
        for (const key of Object.keys(match.sourceLabels ?? {})) keys.add(key);
      }
    }
  }
  return keys;
}

function isForSidecars({ spec }: VirtualService): boolean {
  return spec.gateways === undefined || spec.gateways.length === 0 || spec.gateways.includes(meshGateway);
}

function isVisible({ metadata, spec }: VirtualService, view: View): boolean {
  return isExportedTo(spec.exportTo, metadata.namespace ?? '', view.namespace);
}

function usableHosts(virtualService: VirtualService, settings: MeshSettings, problems: Problem[]): readonly Hostname[] {
  const namespace = virtualService.metadata.namespace ?? '';
  const usable = new Set<Hostname>();
  for (const [position, written] of (virtualService.spec.hosts ?? []).entries()) {
    const host = resolveHostname(written, namespace, settings.clusterDomain);
    const wrong = hostProblem(host);
    if (wrong === undefined) usable.add(host);
    else {
      const message = `host "${written}" is left out: ${wrong}`;
      problems.push({
        object: objectName('VirtualService', virtualService.metadata),
        path: `spec.hosts[${position}]`,
        message,
      });
    }
  }
  return [...usable];
}

function hostProblem(host: string): string | undefined {
  if (host === '*')
    return 'sidecars do not take rules for all hosts; name the hosts or a wildcard such as *.example.com';
  if (!isDnsNameOrWildcard(host) && isIP(host) === 0) return 'it is no host name, no wildcard of one and no IP address';
  return undefined;
}

function bySpecificity(a: string, b: string): number {
  if (a.length !== b.length) return b.length - a.length;
  return a < b ? -1 : 1;
}
