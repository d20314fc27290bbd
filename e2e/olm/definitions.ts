import { customResourceDefinition } from '../../crds/custom-resource-definition.ts';
import { defineKind } from '../../crds/kind.ts';
import { preserving } from '../../crds/schema.ts';
import type { KubeObject } from '../../lib/kube/object.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import { operatorConditionDefinition } from '../../olm/operator-condition.testing.ts';

/** As much of OLM's own kinds as an installation needs: something that owns what is made, and the OperatorCondition. */

export const clusterServiceVersions: Resource<KubeObject & { readonly spec?: object }> = {
  group: 'operators.coreos.com',
  version: 'v1alpha1',
  plural: 'clusterserviceversions',
  kind: 'ClusterServiceVersion',
  namespaced: true,
};

const clusterServiceVersionDefinition = customResourceDefinition(
  defineKind({
    group: clusterServiceVersions.group,
    kind: clusterServiceVersions.kind,
    plural: clusterServiceVersions.plural,
    singular: 'clusterserviceversion',
    shortNames: ['csv'],
    categories: ['olm'],
    scope: 'Namespaced',
    versions: [{ name: clusterServiceVersions.version, storage: true }],
    printerColumns: [],
    description: 'What OLM installs.',
    spec: preserving('Whatever a bundle says.'),
    status: preserving('Whatever OLM says.'),
  }),
);

export const olmDefinitions = [clusterServiceVersionDefinition, operatorConditionDefinition];
