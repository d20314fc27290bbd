import type { KubeClient } from '../../lib/kube/client.ts';
import type { KubeObject, ObjectRef, OwnerReference } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { clusterRoleBindings, selfSubjectReviews, serviceAccounts } from '../../lib/kube/resources.ts';
import type { RoleBinding } from '../../lib/kube/types.ts';
import { typeOf } from '../type-meta.ts';

/** Who the operator is to the API server, and what it was installed with. */
export interface Self {
  readonly username: string | undefined;
  /** Owner for cluster-wide objects that go with the installation. */
  readonly clusterOwner: OwnerReference | undefined;
  /** Owner for objects of the operator's namespace that go with the installation. */
  readonly namespaceOwner: OwnerReference | undefined;
}

/**
 * Whatever installed the operator gave its ServiceAccount a ClusterRoleBinding. Both go when it is uninstalled, and what
 * they own is then collected as garbage: no part of the program is left to do it. Outside of a pod there is neither.
 */
export async function readSelf(client: KubeClient): Promise<Self> {
  const review = await client.create(selfSubjectReviews, { metadata: { name: '' } });
  const username = review.status?.userInfo?.username;
  const account = serviceAccountOf(username ?? '');
  if (account === undefined) return { username, clusterOwner: undefined, namespaceOwner: undefined };
  const { items } = await client.list(clusterRoleBindings);
  const bindings = items.filter((binding) => binds(binding, account)).sort(byLikelihood);
  return {
    username,
    clusterOwner: referenceTo(clusterRoleBindings, bindings[0]),
    namespaceOwner: referenceTo(serviceAccounts, await client.get(serviceAccounts, account)),
  };
}

function serviceAccountOf(username: string): ObjectRef | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

function binds({ subjects = [] }: RoleBinding, { namespace, name }: ObjectRef): boolean {
  return subjects.some(
    (subject) => subject.kind === 'ServiceAccount' && subject.namespace === namespace && subject.name === name,
  );
}

/** A binding of the installation rather than one that somebody has made beside it. */
function byLikelihood(a: KubeObject, b: KubeObject): number {
  const isPart = ({ metadata }: KubeObject): boolean => metadata.labels?.['app.kubernetes.io/part-of'] === 'meltemi';
  return Number(isPart(b)) - Number(isPart(a)) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

function referenceTo(resource: Resource, object: KubeObject | undefined): OwnerReference | undefined {
  const { name, uid } = object?.metadata ?? {};
  return name === undefined || uid === undefined ? undefined : { ...typeOf(resource), name, uid };
}
