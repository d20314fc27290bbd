import type { DestinationRule, Subset, TrafficPolicy } from '../../crds/destination-rule.ts';
import { isExportedTo } from './export-to.ts';
import { hostnameMatches, isWildcard, resolveHostname } from './hostname.ts';
import { carriesLabels } from './label-selector.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Service, ServicePort } from './service.ts';
import type { View } from './view.ts';

/** Where rules are looked up: all of the mesh, oldest first, and the settings that complete names. */
export interface DestinationRules {
  readonly rules: readonly DestinationRule[];
  readonly settings: MeshSettings;
}

/**
 * The DestinationRule that holds for a service as the sidecars of a view see it. Istio's order of lookup: the client's
 * namespace, then the service's, then the root namespace; the first that has a visible rule for the host decides, an
 * exact host before a wildcard. Several rules of one namespace for one host are merged, the oldest first.
 */
export function destinationRuleFor(
  { rules, settings }: DestinationRules,
  view: View,
  service: Pick<Service, 'hostname' | 'namespace'>,
): DestinationRule | undefined {
  for (const namespace of new Set([view.namespace, service.namespace, settings.rootNamespace])) {
    const candidates = rules.filter(
      (rule) =>
        rule.metadata.namespace === namespace &&
        hostnameMatches(hostOf(rule, settings), service.hostname) &&
        isExportedTo(rule.spec.exportTo, namespace, view.namespace) &&
        selectsClient(rule, view),
    );
    const found = mostSpecific(candidates, settings);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The full host name that a DestinationRule is about; may be a wildcard. */
export function hostOf(rule: DestinationRule, settings: MeshSettings): string {
  return resolveHostname(rule.spec.host, rule.metadata.namespace ?? '', settings.clusterDomain);
}

/** Rules with a workload selector hold for the clients of their own namespace that carry its labels. */
function selectsClient(rule: DestinationRule, view: View): boolean {
  const wanted = rule.spec.workloadSelector?.matchLabels;
  if (wanted === undefined || Object.keys(wanted).length === 0) return true;
  return rule.metadata.namespace === view.namespace && carriesLabels(view.sourceLabels ?? {}, wanted);
}

function mostSpecific(candidates: readonly DestinationRule[], settings: MeshSettings): DestinationRule | undefined {
  const hosts = candidates.map((rule) => hostOf(rule, settings)).sort(compareSpecificity);
  const sameHost = candidates.filter((rule) => hostOf(rule, settings) === hosts[0]);
  // A rule that singles clients out goes before those for everybody.
  const selecting = sameHost.filter((rule) => rule.spec.workloadSelector !== undefined);
  const [first, ...others] = selecting.length > 0 ? selecting : sameHost;
  return first === undefined ? undefined : others.reduce(merge, first);
}

/**
 * The label keys that rules select their clients by, or compare with those of endpoints (`failoverPriority`); views need
 * these labels, no others.
 */
export function clientLabelKeys(rules: readonly DestinationRule[]): ReadonlySet<string> {
  const selecting = rules.flatMap(({ spec }) => Object.keys(spec.workloadSelector?.matchLabels ?? {}));
  const compared = rules.flatMap(policiesOf).flatMap((policy) => {
    const entries = policy.loadBalancer?.localityLbSetting?.failoverPriority ?? [];
    return entries.filter((entry) => !entry.includes('='));
  });
  return new Set([...selecting, ...compared]);
}

/** Every policy that some port or subset of the rule's host may have. */
export function policiesOf(rule: DestinationRule): readonly TrafficPolicy[] {
  const { trafficPolicy, subsets = [] } = rule.spec;
  const levels = [trafficPolicy, ...subsets.map((subset) => subset.trafficPolicy)];
  const ports = levels.flatMap((level) => (level?.portLevelSettings ?? []).map((settings) => settings.port?.number));
  return [...new Set([otherPort, ...ports.filter((port) => port !== undefined)])].flatMap((port) =>
    [undefined, ...subsets].flatMap((subset) => trafficPolicyFor(rule, { port }, subset) ?? []),
  );
}

/** A port without settings of its own. */
const otherPort = -1;

/** Exact before wildcard, longer (more specific) before shorter. */
function compareSpecificity(a: string, b: string): number {
  if (isWildcard(a) !== isWildcard(b)) return isWildcard(a) ? 1 : -1;
  return b.length - a.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** The older rule wins; what it does not say is taken from the younger (Istio's merge of rules with one host). */
function merge(older: DestinationRule, younger: DestinationRule): DestinationRule {
  const names = new Set((older.spec.subsets ?? []).map((subset) => subset.name));
  const added = (younger.spec.subsets ?? []).filter((subset) => !names.has(subset.name));
  const trafficPolicy = older.spec.trafficPolicy ?? younger.spec.trafficPolicy;
  return {
    ...older,
    spec: {
      ...older.spec,
      ...(trafficPolicy === undefined ? {} : { trafficPolicy }),
      subsets: [...(older.spec.subsets ?? []), ...added],
    },
  };
}

/**
 * The policy of one port, and of one subset when named. Settings of a port replace those of the whole host, without
 * inheriting from them; those of a subset replace the host's one group at a time (load balancer, TLS, ...), and those
 * of a port of the subset come last (Istio API, `portLevelSettings`).
 */
export function trafficPolicyFor(
  rule: DestinationRule | undefined,
  port: Pick<ServicePort, 'port'>,
  subset?: Subset,
): TrafficPolicy | undefined {
  const ofHost = ofPort(rule?.spec.trafficPolicy, port);
  const ofSubset = ofPort(subset?.trafficPolicy, port);
  if (ofHost === undefined || ofSubset === undefined) return ofSubset ?? ofHost;
  return { ...ofHost, ...ofSubset };
}

function ofPort(policy: TrafficPolicy | undefined, port: Pick<ServicePort, 'port'>): TrafficPolicy | undefined {
  return policy?.portLevelSettings?.find((settings) => settings.port?.number === port.port) ?? policy;
}
