import type { DestinationRule, Subset, TrafficPolicy } from '../../crds/destination-rule.ts';
import { selectingTests } from './client-traits.ts';
import { isExportedTo } from './export-to.ts';
import { isWildcard, resolveHostname } from './hostname.ts';
import { carriesLabels } from './label-selector.ts';
import type { MeshSettings } from './mesh-settings.ts';
import type { Service, ServicePort } from './service.ts';
import type { View } from './view.ts';

/**
 * The DestinationRules that hold for a service as the sidecars of a view see it, to be merged by {@link mergeRules}; none,
 * one or several. Istio's order of lookup: the client's namespace, then the service's, then the root namespace; the
 * first that has a visible rule for the host decides, an exact host before a wildcard. `rules` are those whose host
 * covers the service's, the oldest first.
 */
export function destinationRulesFor(
  rules: readonly DestinationRule[],
  settings: MeshSettings,
  view: View,
  service: Pick<Service, 'hostname' | 'namespace'>,
): readonly DestinationRule[] {
  if (rules.length === 0) return rules;
  for (const namespace of new Set([view.namespace, service.namespace, settings.rootNamespace])) {
    const candidates = rules.filter(
      (rule) =>
        rule.metadata.namespace === namespace &&
        isExportedTo(rule.spec.exportTo, namespace, view.namespace) &&
        selectsClient(rule, view),
    );
    const found = mostSpecific(candidates, settings);
    if (found.length > 0) return found;
  }
  return [];
}

/** Rules of one host as one: the older win, what they do not say is taken from the younger (Istio's merge). */
export function mergeRules(rules: readonly DestinationRule[]): DestinationRule | undefined {
  const [first, ...others] = rules;
  return first === undefined ? undefined : others.reduce(merge, first);
}

/** The full host name that a DestinationRule is about; may be a wildcard. */
export function hostOf({ metadata, spec }: DestinationRule, settings: Pick<MeshSettings, 'clusterDomain'>): string {
  // Schemas ask for a host, but objects may be older than the schema.
  const host = Object.hasOwn(spec, 'host') ? spec.host : '';
  return resolveHostname(host, metadata.namespace ?? '', settings.clusterDomain);
}

/** Rules with a workload selector hold for the clients of their own namespace that carry its labels. */
function selectsClient(rule: DestinationRule, view: View): boolean {
  const wanted = rule.spec.workloadSelector?.matchLabels;
  if (wanted === undefined || Object.keys(wanted).length === 0) return true;
  return rule.metadata.namespace === view.namespace && carriesLabels(view.sourceLabels ?? {}, wanted);
}

function mostSpecific(candidates: readonly DestinationRule[], settings: MeshSettings): readonly DestinationRule[] {
  const hosts = candidates.map((rule) => hostOf(rule, settings)).sort(compareSpecificity);
  const sameHost = candidates.filter((rule) => hostOf(rule, settings) === hosts[0]);
  // A rule that singles clients out goes before those for everybody.
  const selecting = sameHost.filter((rule) => rule.spec.workloadSelector !== undefined);
  return selecting.length > 0 ? selecting : sameHost;
}

/**
 * The labels that a rule selects its clients by, or compares with those of endpoints (`failoverPriority`), see
 * {@link ClientTraits}.
 */
export function clientLabelTests(rule: DestinationRule): readonly string[] {
  const selecting = selectingTests(rule.spec.workloadSelector?.matchLabels);
  const compared = policiesOf(rule).flatMap((policy) => {
    const entries = policy.loadBalancer?.localityLbSetting?.failoverPriority ?? [];
    return entries.filter((entry) => !entry.includes('='));
  });
  return [...new Set([...selecting, ...compared])];
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
