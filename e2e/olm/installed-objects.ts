import type { KubeObject, OwnerReference } from '../../lib/kube/object.ts';
import type { ClusterServiceVersion } from '../../olm/cluster-service-version.ts';
import type { DeploymentToInstall, Permissions } from '../../olm/install-strategy.ts';
import { objectAt } from '../../olm/json.ts';
import { listAt } from '../../olm/json.ts';
import { operatorConditionRules } from '../../olm/operator-condition.testing.ts';

/** Any object with whatever fields its kind has. */
export type Manifest = KubeObject & { readonly [field: string]: unknown };

/** A ClusterServiceVersion that is in a cluster, and so can own what is made for it. */
export interface InstalledCsv {
  readonly csv: ClusterServiceVersion;
  readonly uid: string;
  readonly namespace: string;
}

const rbac = 'rbac.authorization.k8s.io';

/** Labels by which OLM finds what belongs to a ClusterServiceVersion, also where no reference to an owner can be. */
export function ownerLabels(name: string, namespace: string): Readonly<Record<string, string>> {
  return {
    'olm.owner': name,
    'olm.owner.kind': 'ClusterServiceVersion',
    'olm.owner.namespace': namespace,
    'olm.managed': 'true',
  };
}

/**
 * What OLM makes for a ClusterServiceVersion (operator-lifecycle-manager, `pkg/controller/install` and the resolver's
 * `RBACForClusterServiceVersion`), in the order in which it is needed.
 */
export function installedObjects(installed: InstalledCsv): readonly Manifest[] {
  const { clusterPermissions, permissions, deployments } = installed.csv.spec.install.spec;
  const accounts = [...clusterPermissions, ...permissions].map(({ serviceAccountName }) => serviceAccountName);
  const { name } = installed.csv.metadata;
  return [
    ...[...new Set(accounts)].map((account) => serviceAccount(installed, account)),
    ...permissions.flatMap((one, index) => roleAndBinding(installed, one, `${name}-${index}`)),
    ...clusterPermissions.flatMap((one, index) => clusterRoleAndBinding(installed, one, `${name}-${index}`)),
    operatorCondition(installed),
    ...roleAndBinding(installed, { serviceAccountName: accounts[0] ?? '', rules: operatorConditionRules(name) }, name),
    ...deployments.map((deployment) => deploymentObject(installed, deployment)),
  ];
}

function owner({ csv, uid }: InstalledCsv): OwnerReference {
  const { apiVersion, kind, metadata } = csv;
  return { apiVersion, kind, name: metadata.name, uid, controller: false, blockOwnerDeletion: false };
}

function ownedMetadata(installed: InstalledCsv, name: string) {
  const { csv, namespace } = installed;
  return {
    name,
    namespace,
    labels: ownerLabels(csv.metadata.name, namespace),
    ownerReferences: [owner(installed)],
  };
}

/** Shared by all versions: each adds itself to the owners. */
function serviceAccount(installed: InstalledCsv, name: string): Manifest {
  const { namespace } = installed;
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, ownerReferences: [owner(installed)] },
  };
}

function roleAndBinding(installed: InstalledCsv, permissions: Permissions, name: string): readonly Manifest[] {
  const metadata = ownedMetadata(installed, name);
  return [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules: permissions.rules },
    { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata, ...bound(installed, permissions, 'Role', name) },
  ];
}

function clusterRoleAndBinding(installed: InstalledCsv, permissions: Permissions, name: string): readonly Manifest[] {
  const metadata = { name, labels: ownerLabels(installed.csv.metadata.name, installed.namespace) };
  return [
    { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules: permissions.rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'ClusterRoleBinding',
      metadata,
      ...bound(installed, permissions, 'ClusterRole', name),
    },
  ];
}

function bound({ namespace }: InstalledCsv, { serviceAccountName }: Permissions, kind: string, name: string): object {
  return {
    roleRef: { apiGroup: rbac, kind, name },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccountName, namespace }],
  };
}

function operatorCondition(installed: InstalledCsv): Manifest {
  const { metadata, spec } = installed.csv;
  return {
    apiVersion: 'operators.coreos.com/v2',
    kind: 'OperatorCondition',
    metadata: ownedMetadata(installed, metadata.name),
    spec: {
      deployments: spec.install.spec.deployments.map(({ name }) => name),
      serviceAccounts: spec.install.spec.clusterPermissions.map(({ serviceAccountName }) => serviceAccountName),
    },
  };
}

/** With the annotations of the ClusterServiceVersion on its pods, and the name of the OperatorCondition in them. */
function deploymentObject(installed: InstalledCsv, { name, label, spec }: DeploymentToInstall): Manifest {
  const { csv } = installed;
  const template = objectAt(spec, 'template');
  const metadata = objectAt(template, 'metadata');
  const podSpec = objectAt(template, 'spec');
  const variable = { name: 'OPERATOR_CONDITION_NAME', value: csv.metadata.name };
  const owned = ownedMetadata(installed, name);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...owned, labels: { ...textsOf(label), ...owned.labels } },
    spec: {
      ...spec,
      revisionHistoryLimit: 1,
      template: {
        metadata: { ...metadata, annotations: { ...objectAt(metadata, 'annotations'), ...csv.metadata.annotations } },
        spec: {
          ...podSpec,
          containers: listAt(podSpec, 'containers').map((container) => ({
            ...objectAt(container),
            env: [...listAt(container, 'env'), variable],
          })),
        },
      },
    },
  };
}

function textsOf(labels: object): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
}
