import { dump } from 'js-yaml';
import type { KindDefinition } from '../crds/kind.ts';
import { kinds } from '../crds/kinds.ts';
import type { PolicyRule } from '../lib/kube/types.ts';

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete', 'deletecollection'];

/**
 * What people may do with the mesh, by the suffix of the ClusterRole (Kubernetes, "User-facing roles"). Whoever edits a
 * namespace edits the rules of its traffic; what holds for the whole cluster is an administrator's, above all
 * MeshControlPlanes, by which any image can be run with the rights of istiod.
 */
export function userRules(of: readonly KindDefinition[] = kinds): Readonly<Record<UserRole, readonly PolicyRule[]>> {
  const namespaced = of.filter(({ scope }) => scope === 'Namespaced');
  return {
    view: rules(of, read),
    edit: [...rules(of, read), ...rules(namespaced, write)],
    admin: rules(of, [...read, ...write]),
  };
}

export type UserRole = 'view' | 'edit' | 'admin';

function rules(of: readonly KindDefinition[], verbs: readonly string[]): readonly PolicyRule[] {
  const groups = [...new Set(of.map(({ group }) => group))];
  return groups.map((group) => ({
    apiGroups: [group],
    resources: of.filter((kind) => kind.group === group).map(({ plural }) => plural),
    verbs,
  }));
}

/** The chart's copy, by path from the root of the repository. */
export function renderedUserRules(): ReadonlyMap<string, string> {
  const notice = '# Generated from charts/user-roles.ts and crds/ by `npm run generate`; edit them there.\n';
  return new Map([
    ['charts/meltemi/files/user-rules.yaml', notice + dump(userRules(), { noRefs: true, lineWidth: -1 })],
  ]);
}
