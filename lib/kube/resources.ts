import type { KubeObject } from './object.ts';
import type {
  AdmissionWebhookConfiguration,
  ClusterRole,
  ConfigMap,
  CustomResourceDefinition,
  DaemonSet,
  Deployment,
  EndpointSlice,
  KubeEvent,
  Lease,
  Namespace,
  Node,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  RoleBinding,
  Secret,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  Service,
  StatefulSet,
  SubjectAccessReview,
  TokenReview,
} from './types.ts';

/**
 * A kind as the API serves it. `T` is the type of its objects; it exists for the compiler only, which is why the
 * property that carries it never has a value.
 */
export interface Resource<T extends KubeObject = KubeObject> {
  /** API group; empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The name in URLs, e.g. `services`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly objectType?: T;
}

/** `apiVersion` of the resource's objects: `v1`, `apps/v1`. */
export function apiVersionOf(resource: Resource): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;
}

/** The resource's name for people and metrics: `services`, `deployments.apps`. */
export function resourceName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
}

function namespaced<T extends KubeObject>(group: string, version: string, plural: string, kind: string): Resource<T> {
  return { group, version, plural, kind, namespaced: true };
}

function clusterScoped<T extends KubeObject>(
  group: string,
  version: string,
  plural: string,
  kind: string,
): Resource<T> {
  return { group, version, plural, kind, namespaced: false };
}

export const services = namespaced<Service>('', 'v1', 'services', 'Service');
export const endpointSlices = namespaced<EndpointSlice>('discovery.k8s.io', 'v1', 'endpointslices', 'EndpointSlice');
export const pods = namespaced<Pod>('', 'v1', 'pods', 'Pod');
export const namespaces = clusterScoped<Namespace>('', 'v1', 'namespaces', 'Namespace');
export const nodes = clusterScoped<Node>('', 'v1', 'nodes', 'Node');
export const configMaps = namespaced<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap');
export const secrets = namespaced<Secret>('', 'v1', 'secrets', 'Secret');
export const serviceAccounts = namespaced('', 'v1', 'serviceaccounts', 'ServiceAccount');
export const deployments = namespaced<Deployment>('apps', 'v1', 'deployments', 'Deployment');
export const statefulSets = namespaced<StatefulSet>('apps', 'v1', 'statefulsets', 'StatefulSet');
export const daemonSets = namespaced<DaemonSet>('apps', 'v1', 'daemonsets', 'DaemonSet');
export const replicaSets = namespaced<ReplicaSet>('apps', 'v1', 'replicasets', 'ReplicaSet');
export const events = namespaced<KubeEvent>('events.k8s.io', 'v1', 'events', 'Event');
export const leases = namespaced<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const podDisruptionBudgets = namespaced<PodDisruptionBudget>(
  'policy',
  'v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
);
export const horizontalPodAutoscalers = namespaced(
  'autoscaling',
  'v2',
  'horizontalpodautoscalers',
  'HorizontalPodAutoscaler',
);

const rbac = 'rbac.authorization.k8s.io';
export const roles = namespaced<ClusterRole>(rbac, 'v1', 'roles', 'Role');
export const roleBindings = namespaced<RoleBinding>(rbac, 'v1', 'rolebindings', 'RoleBinding');
export const clusterRoles = clusterScoped<ClusterRole>(rbac, 'v1', 'clusterroles', 'ClusterRole');
export const clusterRoleBindings = clusterScoped<RoleBinding>(rbac, 'v1', 'clusterrolebindings', 'ClusterRoleBinding');

const admission = 'admissionregistration.k8s.io';
export const mutatingWebhookConfigurations = clusterScoped<AdmissionWebhookConfiguration>(
  admission,
  'v1',
  'mutatingwebhookconfigurations',
  'MutatingWebhookConfiguration',
);
export const validatingWebhookConfigurations = clusterScoped<AdmissionWebhookConfiguration>(
  admission,
  'v1',
  'validatingwebhookconfigurations',
  'ValidatingWebhookConfiguration',
);

/** Created only, never stored: the answer to `create` carries the status. */
export const tokenReviews = clusterScoped<TokenReview>('authentication.k8s.io', 'v1', 'tokenreviews', 'TokenReview');
/** Created only, never stored: the answer to `create` carries the status. */
export const subjectAccessReviews = clusterScoped<SubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'subjectaccessreviews',
  'SubjectAccessReview',
);
/** Created only, never stored: the answer to `create` carries the status. */
export const selfSubjectAccessReviews = clusterScoped<SelfSubjectAccessReview>(
  'authorization.k8s.io',
  'v1',
  'selfsubjectaccessreviews',
  'SelfSubjectAccessReview',
);
/** Who one is; created only, never stored: the answer to `create` carries the status. */
export const selfSubjectReviews = clusterScoped<SelfSubjectReview>(
  'authentication.k8s.io',
  'v1',
  'selfsubjectreviews',
  'SelfSubjectReview',
);
export const customResourceDefinitions = clusterScoped<CustomResourceDefinition>(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
  'CustomResourceDefinition',
);
