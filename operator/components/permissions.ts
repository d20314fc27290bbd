import { kinds } from '../../crds/kinds.ts';
import { meshControlPlane } from '../../crds/mesh-control-plane.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles, serviceAccounts } from '../../lib/kube/resources.ts';
import type { PolicyRule } from '../../lib/kube/types.ts';
import { caSecretName, clusterScopedName, istiodName } from '../names.ts';
import type { DesiredObject } from './desired.ts';
import { desired } from './desired.ts';
import { clusterWide, inNamespace } from './metadata.ts';
import type { Revision } from './revision.ts';

const read = ['get', 'list', 'watch'];
const rbacGroup = 'rbac.authorization.k8s.io';

/** What istiod does in the whole cluster: it reads what the mesh is made of, and writes nothing but status. */
export const istiodClusterRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['services', 'pods', 'namespaces', 'nodes'], verbs: read },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  ...meshKindRules(),
  // The only way to learn whose token a sidecar shows.
  { apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] },
];

/** What istiod does in its own namespace. */
export const istiodNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['secrets'], resourceNames: [caSecretName], verbs: read },
  // Kubernetes cannot hold `create` to a name: the name is not known when the request is authorized.
  { apiGroups: [''], resources: ['secrets'], verbs: ['create'] },
  // Each replica reports its proxies in a Lease; another one elects the replica that writes status.
  {
    apiGroups: ['coordination.k8s.io'],
    resources: ['leases'],
    verbs: ['get', 'create', 'update', 'patch', 'delete'],
  },
];

function meshKindRules(): readonly PolicyRule[] {
  const ofMesh = kinds.filter(({ group }) => group !== meshControlPlane.group);
  return [...new Set(ofMesh.map(({ group }) => group))].flatMap((group) => {
    const plurals = ofMesh.filter((kind) => kind.group === group).map(({ plural }) => plural);
    return [
      { apiGroups: [group], resources: plurals, verbs: read },
      { apiGroups: [group], resources: plurals.map((plural) => `${plural}/status`), verbs: ['update', 'patch'] },
    ];
  });
}

/** ServiceAccount, Role and ClusterRole of istiod, with their bindings. */
export function permissions(revision: Revision): readonly DesiredObject[] {
  const name = istiodName(revision.name);
  const clusterName = clusterScopedName(revision.name, revision.namespace);
  const subjects = [{ kind: 'ServiceAccount', name, namespace: revision.namespace }];
  return [
    desired(serviceAccounts, inNamespace(revision, name)),
    desired(roles, inNamespace(revision, name), { rules: istiodNamespaceRules }),
    desired(roleBindings, inNamespace(revision, name), {
      roleRef: { apiGroup: rbacGroup, kind: 'Role', name },
      subjects,
    }),
    desired(clusterRoles, clusterWide(revision, clusterName), { rules: istiodClusterRules }),
    desired(clusterRoleBindings, clusterWide(revision, clusterName), {
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: clusterName },
      subjects,
    }),
  ];
}
