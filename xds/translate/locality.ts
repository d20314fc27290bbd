import type { LocalityLbSetting, TrafficPolicy } from '../../crds/destination-rule.ts';
import { localitySetting } from '../model/client-place.ts';
import type { Endpoint, Locality } from '../model/endpoint.ts';

/** Endpoints of one locality that stand equal, with their share and rank as Envoy's `LocalityLbEndpoints` has them. */
export interface LocalityGroup {
  readonly locality: Locality | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Share of the traffic within the priority; matters only with locality weighted load balancing. */
  readonly weight: number;
  /** 0 is used first; the next takes over as endpoints of the ones before fail. */
  readonly priority: number;
}

/** The client, as far as the choice of endpoints near it goes. */
export interface ClientPlace {
  readonly locality?: Locality | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Labels of `failoverPriority` that stand for the locality. */
const regionLabel = 'topology.kubernetes.io/region';
const zoneLabel = 'topology.kubernetes.io/zone';

/**
 * Groups endpoints by locality, in order, and ranks or weighs the groups by the client's (Istio, "Locality Load
 * Balancing"): `distribute` gives shares, else, and only where outlier detection can tell that a locality fails, the
 * near come before the far. Without a client's locality all stand equal.
 */
export function localityGroups(
  endpoints: readonly Endpoint[],
  policy: TrafficPolicy | undefined,
  client: ClientPlace = {},
): readonly LocalityGroup[] {
  const groups = groupByLocality(endpoints);
  const setting = localitySetting(policy);
  if (setting === undefined || client.locality === undefined) return groups;
  if (setting.distribute !== undefined && setting.distribute.length > 0) {
    return distributed(groups, setting.distribute, client.locality);
  }
  if (policy?.outlierDetection === undefined) return groups;
  const { locality } = client;
  if (setting.failoverPriority !== undefined && setting.failoverPriority.length > 0) {
    const labels = { [regionLabel]: locality.region, [zoneLabel]: locality.zone, ...client.labels };
    return withoutGaps(groups.flatMap((group) => byLabels(group, setting.failoverPriority ?? [], labels)));
  }
  return withoutGaps(groups.map((group) => ({ ...group, priority: distance(locality, group.locality, setting) })));
}

function groupByLocality(endpoints: readonly Endpoint[]): readonly LocalityGroup[] {
  const key = ({ locality }: Endpoint) => (locality === undefined ? '' : `${locality.region}/${locality.zone}`);
  return [...Map.groupBy(endpoints, key)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, members]) => ({
      locality: members[0]?.locality,
      endpoints: members,
      weight: members.length,
      priority: 0,
    }));
}

/** Shares by the first entry for the client's locality; localities that it does not name get nothing. */
function distributed(
  groups: readonly LocalityGroup[],
  distribute: NonNullable<LocalityLbSetting['distribute']>,
  client: Locality,
): readonly LocalityGroup[] {
  const entry = distribute.find(({ from }) => covers(from ?? '*', client));
  if (entry === undefined) return groups;
  const shares = Object.entries(entry.to ?? {});
  const matchOf = (group: LocalityGroup) => shares.find(([pattern]) => covers(pattern, group.locality));
  return groups.flatMap((group) => {
    const match = matchOf(group);
    if (match === undefined) return [];
    const [pattern, share] = match;
    const sharing = groups.filter((other) => matchOf(other)?.[0] === pattern);
    const total = sharing.reduce((sum, other) => sum + other.weight, 0);
    return [{ ...group, weight: Math.max(1, Math.ceil((group.weight * share) / total)) }];
  });
}

/** Whether a pattern `region/zone/subzone`, `*` or nothing standing for any, covers a locality. */
function covers(pattern: string, locality: Locality | undefined): boolean {
  const [region = '', zone = '*'] = pattern.split('/');
  return (region === '*' || region === (locality?.region ?? '')) && (zone === '*' || zone === (locality?.zone ?? ''));
}

/** 0 in the client's zone, 1 in its region, 2 where the region fails over to or anywhere, 3 where it does not. */
function distance(client: Locality, other: Locality | undefined, { failover }: LocalityLbSetting): number {
  if (other?.region === client.region) return other.zone === client.zone ? 0 : 1;
  const rule = failover?.find(({ from }) => from === client.region);
  return rule === undefined || rule.to === other?.region ? 2 : 3;
}

/** Ranks endpoints by how many of the labels, from the first on, they share with the client. */
function byLabels(
  group: LocalityGroup,
  wanted: readonly string[],
  client: Readonly<Record<string, string>>,
): readonly LocalityGroup[] {
  const rank = (endpoint: Endpoint) => {
    const labels: Readonly<Record<string, string | undefined>> = {
      [regionLabel]: endpoint.locality?.region,
      [zoneLabel]: endpoint.locality?.zone,
      ...endpoint.labels,
    };
    const differing = wanted.findIndex((entry) => {
      const [label = '', value = client[label]] = entry.split('=');
      return labels[label] !== value;
    });
    return differing < 0 ? 0 : wanted.length - differing;
  };
  return [...Map.groupBy(group.endpoints, rank)].map(([priority, endpoints]) => ({
    ...group,
    endpoints,
    weight: endpoints.length,
    priority,
  }));
}

/** Envoy wants priorities from 0 on without gaps; groups come in their order. */
function withoutGaps(groups: readonly LocalityGroup[]): readonly LocalityGroup[] {
  const used = [...new Set(groups.map(({ priority }) => priority))].sort((a, b) => a - b);
  return groups
    .map((group) => ({ ...group, priority: used.indexOf(group.priority) }))
    .sort((a, b) => a.priority - b.priority);
}
