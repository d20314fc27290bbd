import { secrets } from '../../lib/kube/resources.ts';
import type { PolicyRule } from '../../lib/kube/types.ts';
import { servingSecretName } from './serving-secret.ts';

/** What the operator does in its own namespace for the certificate of its webhook. */
export const servingRules: readonly PolicyRule[] = [
  {
    apiGroups: [secrets.group],
    resources: [secrets.plural],
    resourceNames: [servingSecretName],
    verbs: ['get', 'list', 'watch', 'update'],
  },
  // Kubernetes cannot hold `create` to a name: the name is not known when the request is authorized.
  { apiGroups: [secrets.group], resources: [secrets.plural], verbs: ['create'] },
];
