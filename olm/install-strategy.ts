import type { PolicyRule } from '../lib/kube/types.ts';
import type { ChartRendering } from './chart-rendering.ts';
import { withoutHelmLabels } from './chart-rendering.ts';
import type { BundleImages } from './images.ts';
import { referenceOf } from './images.ts';
import type { JsonObject } from './json.ts';
import { isJsonObject, listAt, objectAt, textAt, textsAt } from './json.ts';

/** `spec.install` of a ClusterServiceVersion (operators.coreos.com/v1alpha1 NamedInstallStrategy). */
export interface InstallStrategy {
  readonly strategy: 'deployment';
  readonly spec: {
    readonly clusterPermissions: readonly Permissions[];
    readonly permissions: readonly Permissions[];
    readonly deployments: readonly DeploymentToInstall[];
  };
}

export interface Permissions {
  readonly serviceAccountName: string;
  readonly rules: readonly PolicyRule[];
}

export interface DeploymentToInstall {
  readonly name: string;
  readonly label: JsonObject;
  readonly spec: JsonObject;
}

const versionLabel = 'app.kubernetes.io/version';

/**
 * Name of a version's Deployment. It differs from version to version, and so does what selects its pods: OLM then runs
 * the new operator beside the old one, which goes only when the new one is ready.
 */
export function deploymentName(version: string): string {
  return `meltemi-operator-v${version}`;
}

/**
 * What OLM has to install: the chart's Deployment and the permissions of the operator, in whatever namespace, from the given images. The
 * permission to write the OperatorCondition is not among them: OLM grants it by itself, for that one object.
 * @throws Error when the chart's Deployment has what this function does not know how to carry over.
 */
export function installStrategy(
  { chart, clusterRules }: { readonly chart: ChartRendering; readonly clusterRules: readonly PolicyRule[] },
  version: string,
  images: BundleImages,
): InstallStrategy {
  const serviceAccountName = textAt(chart.deployment, 'spec', 'template', 'spec', 'serviceAccountName');
  if (serviceAccountName === '') throw new Error("the chart's Deployment names no service account");
  return {
    strategy: 'deployment',
    spec: {
      clusterPermissions: [{ serviceAccountName, rules: clusterRules }],
      permissions: [{ serviceAccountName, rules: chart.namespaceRules }],
      deployments: [deploymentToInstall(chart.deployment, version, images)],
    },
  };
}

function deploymentToInstall(deployment: JsonObject, version: string, images: BundleImages): DeploymentToInstall {
  const label = labelsOf(objectAt(deployment, 'metadata', 'labels'), version);
  const selected = { ...objectAt(deployment, 'spec', 'selector', 'matchLabels'), [versionLabel]: version };
  const template = objectAt(deployment, 'spec', 'template');
  const { namespace: _namespace, ...metadata } = objectAt(template, 'metadata');
  const podSpec = objectAt(template, 'spec');
  return {
    name: deploymentName(version),
    label,
    spec: {
      ...objectAt(deployment, 'spec'),
      selector: { matchLabels: selected },
      template: {
        metadata: { ...metadata, labels: labelsOf(objectAt(metadata, 'labels'), version) },
        spec: {
          ...podSpec,
          containers: listAt(podSpec, 'containers').map((container) => containerOf(container, images)),
        },
      },
    },
  };
}

function labelsOf(labels: JsonObject, version: string): JsonObject {
  return { ...withoutHelmLabels(labels), [versionLabel]: version };
}

/** Without OLM, the namespace is an argument; with it, only the pod knows. */
const namespaceVariable = { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } };

function containerOf(container: unknown, images: BundleImages): JsonObject {
  if (!isJsonObject(container)) throw new Error("the chart's Deployment has a container that is no object");
  return {
    ...container,
    image: referenceOf(images.operator),
    args: [
      ...textsAt(container, 'args').flatMap((argument) => argumentOf(argument, images)),
      ...formerArguments(images),
    ],
    env: [namespaceVariable, ...listAt(container, 'env')],
  };
}

function formerArguments({ former }: BundleImages): readonly string[] {
  const entries = [...(former ?? [])].flatMap(([version, images]) =>
    Object.entries(images).map(([component, image]) => `${version}:${component}=${image}`),
  );
  return entries.length === 0 ? [] : [`--release-images=${entries.join()}`];
}

function argumentOf(argument: string, images: BundleImages): readonly string[] {
  const [flag = ''] = argument.split('=');
  if (flag === '--namespace') return [];
  if (flag === '--istiod-image') return [`${flag}=${referenceOf(images.operator)}`];
  if (flag === '--proxy-image') return [`${flag}=${referenceOf(images.proxy)}`];
  if (flag.endsWith('-image')) {
    throw new Error(
      `the chart gives the operator ${argument}: say in olm/install-strategy.ts which image of a bundle that is`,
    );
  }
  return [argument];
}
