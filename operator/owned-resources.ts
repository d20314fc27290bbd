import { meshRevisions } from '../crds/kinds.ts';
import type { Resource } from '../lib/kube/resources.ts';
import {
  clusterRoleBindings,
  clusterRoles,
  configMaps,
  deployments,
  horizontalPodAutoscalers,
  mutatingWebhookConfigurations,
  podDisruptionBudgets,
  roleBindings,
  roles,
  serviceAccounts,
  services,
  validatingWebhookConfigurations,
} from '../lib/kube/resources.ts';

/**
 * Every kind that the operator makes, in the stages of a deletion: webhooks go first, so that nothing is sent to an
 * istiod that is about to go; then istiod; and only when its pods are gone what they lived on.
 */
export const deletionStages: readonly (readonly Resource[])[] = [
  [mutatingWebhookConfigurations, validatingWebhookConfigurations],
  [horizontalPodAutoscalers, deployments, podDisruptionBudgets],
  [services, configMaps, roleBindings, roles, clusterRoleBindings, clusterRoles, serviceAccounts, meshRevisions],
];

/** The place of a kind in the order of a deletion. */
export function deletionRank(resource: Resource): number {
  return deletionStages.flat().indexOf(resource);
}

/** The kinds whose objects are watched, so that drift is seen. */
export const ownedResources: readonly Resource[] = deletionStages.flat();
