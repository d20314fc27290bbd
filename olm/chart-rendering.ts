import { loadAll } from 'js-yaml';
import type { PolicyRule } from '../lib/kube/types.ts';
import type { JsonObject } from './json.ts';
import { at, isJsonObject, listAt, objectAt, textAt } from './json.ts';

/** What the chart makes with its defaults, sorted by what becomes of it in a bundle. */
export interface ChartRendering {
  readonly deployment: JsonObject;
  /** Of the Roles of the operator in its own namespace. */
  readonly namespaceRules: readonly PolicyRule[];
  /** Objects that go into the bundle as they are, such as its Service. */
  readonly objects: readonly JsonObject[];
}

/**
 * What a bundle does with each kind that the chart may make. `installer`: OLM makes its like from the
 * ClusterServiceVersion by itself. `code`: comes from crds/ and operator/operator-rules.ts instead, as it does in the chart.
 */
const uses: Readonly<Record<string, 'deployment' | 'namespaceRules' | 'object' | 'installer' | 'code'>> = {
  Deployment: 'deployment',
  ClusterRole: 'code',
  Role: 'namespaceRules',
  ServiceAccount: 'installer',
  ClusterRoleBinding: 'installer',
  RoleBinding: 'installer',
  CustomResourceDefinition: 'code',
  Service: 'object',
  PodDisruptionBudget: 'object',
  NetworkPolicy: 'object',
  ConfigMap: 'object',
};

/**
 * Reads the output of `helm template`.
 * @throws Error for a kind of which nobody has said what a bundle does with it, and when there is not one Deployment.
 */
export function readChartRendering(text: string): ChartRendering {
  const objects = loadAll(text).filter(isJsonObject).filter(isNoHook);
  const unknown = objects.find((object) => !Object.hasOwn(uses, textAt(object, 'kind')));
  if (unknown !== undefined) {
    throw new Error(
      `the chart makes ${describe(unknown)}: say in olm/chart-rendering.ts what becomes of that kind in a bundle`,
    );
  }
  const used = (use: string): readonly JsonObject[] => objects.filter((object) => uses[textAt(object, 'kind')] === use);
  const [deployment, second] = used('deployment');
  if (deployment === undefined || second !== undefined) {
    throw new Error(`the chart makes ${String(used('deployment').length)} Deployments, and a bundle is made from one`);
  }
  const account = textAt(deployment, 'spec', 'template', 'spec', 'serviceAccountName');
  const bindings = objects.filter((object) => textAt(object, 'roleRef', 'name') !== '' && isFor(object, account));
  const isGranted = (role: JsonObject): boolean =>
    bindings.some(
      (binding) =>
        textAt(binding, 'roleRef', 'kind') === textAt(role, 'kind') &&
        textAt(binding, 'roleRef', 'name') === textAt(role, 'metadata', 'name'),
    );
  return {
    deployment,
    namespaceRules: used('namespaceRules').filter(isGranted).flatMap(rulesOf),
    objects: used('object').map(withoutRelease),
  };
}

/** Hooks are run by Helm around an installation, and so are what they need. */
function isNoHook(object: JsonObject): boolean {
  return at(object, 'metadata', 'annotations', 'helm.sh/hook') === undefined;
}

function describe(object: JsonObject): string {
  return `${textAt(object, 'kind')} ${textAt(object, 'metadata', 'name')}`;
}

/** Only what is granted to the operator goes into a bundle; OLM makes roles for people by itself. */
function isFor(binding: JsonObject, account: string): boolean {
  return listAt(binding, 'subjects').some(
    (subject) => textAt(subject, 'kind') === 'ServiceAccount' && textAt(subject, 'name') === account,
  );
}

function rulesOf(role: JsonObject): readonly PolicyRule[] {
  const rules = listAt(role, 'rules');
  if (!rules.every(isPolicyRule)) throw new Error(`${describe(role)}: has a rule without verbs`);
  return rules;
}

function isPolicyRule(value: unknown): value is PolicyRule {
  return Array.isArray(at(value, 'verbs'));
}

/** The object in whatever namespace OLM installs to, without the labels that speak of a Helm release. */
function withoutRelease(object: JsonObject): JsonObject {
  const { name, annotations } = objectAt(object, 'metadata');
  return {
    ...object,
    metadata: {
      name,
      labels: withoutHelmLabels(objectAt(object, 'metadata', 'labels')),
      ...(annotations === undefined ? {} : { annotations }),
    },
  };
}

const helmLabels = ['app.kubernetes.io/managed-by', 'helm.sh/chart'];

export function withoutHelmLabels(labels: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => !helmLabels.includes(key)));
}
