import { dump } from 'js-yaml';
import { meshControlPlanes, meshRevisions, meshRevisionTags } from '../crds/kinds.ts';
import type { Resource } from '../lib/kube/resources.ts';
import {
  daemonSets,
  events,
  leases,
  namespaces,
  pods,
  secrets,
  selfSubjectAccessReviews,
  statefulSets,
  subjectAccessReviews,
} from '../lib/kube/resources.ts';
import type { PolicyRule } from '../lib/kube/types.ts';
import { istiodClusterRules, istiodNamespaceRules } from './components/permissions.ts';
import { caSecretName } from './names.ts';
import { ownedResources } from './owned-resources.ts';

const watch = ['get', 'list', 'watch'];
const keep = [...watch, 'create', 'patch', 'delete'];

/**
 * What the operator itself does: it keeps the kinds that it makes, reads what its decisions rest on, and writes the
 * status of its own kinds.
 */
export const operatorOwnRules: readonly PolicyRule[] = [
  rule(meshControlPlanes, [...watch, 'patch']),
  rule(meshRevisionTags, watch),
  {
    ...rule(meshControlPlanes, ['patch']),
    resources: [meshControlPlanes, meshRevisions, meshRevisionTags].map(({ plural }) => `${plural}/status`),
  },
  ...byGroup(ownedResources, keep),
  rule(namespaces, [...watch, 'create']),
  rule(pods, ['list', 'watch']),
  // To move workloads from one revision to another; Deployments and PodDisruptionBudgets are among what it keeps.
  ...byGroup([daemonSets, statefulSets], ['list', 'watch', 'patch']),
  rule(leases, ['list', 'watch', 'delete']),
  // To learn the root certificate, and to take it away where the spec says so; no other Secret can be read.
  { ...rule(secrets, [...watch, 'delete']), resourceNames: [caSecretName] },
  // Whether whoever applies a MeshControlPlane may do what it does, and whether the operator itself may.
  rule(subjectAccessReviews, ['create']),
  rule(selfSubjectAccessReviews, ['create']),
  rule(events, ['create', 'patch']),
];

/**
 * The operator's ClusterRole. Kubernetes lets nobody grant what they do not hold, so it holds what istiod's roles
 * grant; the alternative, the verbs `bind` and `escalate`, would let it grant anything.
 */
export const operatorRules: readonly PolicyRule[] = [
  ...operatorOwnRules,
  ...istiodClusterRules,
  ...istiodNamespaceRules,
];

function rule({ group, plural }: Resource, verbs: readonly string[]): PolicyRule {
  return { apiGroups: [group], resources: [plural], verbs };
}

function byGroup(resources: readonly Resource[], verbs: readonly string[]): readonly PolicyRule[] {
  const groups = [...new Set(resources.map(({ group }) => group))].sort();
  return groups.map((group) => ({
    apiGroups: [group],
    resources: resources.filter((resource) => resource.group === group).map(({ plural }) => plural),
    verbs,
  }));
}

/** The chart's copy of the rules, by path from the root of the repository. */
export function renderedOperatorRules(): ReadonlyMap<string, string> {
  const notice =
    '# Generated from operator/operator-rules.ts by `npm run generate`; edit the rules there.\n' +
    '# The first ones are what the operator does, the others what it grants to istiod and so has to hold.\n';
  const text = dump(operatorRules, { noRefs: true, lineWidth: -1 });
  return new Map([['charts/meltemi/files/operator-rules.yaml', notice + text]]);
}
