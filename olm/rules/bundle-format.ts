import { load } from 'js-yaml';
import { listAt, objectAt, textAt } from '../json.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless } from './rule.ts';

const prefix = 'operators.operatorframework.io.bundle';

/** The kinds that a bundle of format registry+v1 may hold (operator-registry, `supported_resources.go`). */
const supportedKinds: readonly string[] = [
  'ClusterServiceVersion',
  'CustomResourceDefinition',
  'Secret',
  'ClusterRole',
  'ClusterRoleBinding',
  'ConfigMap',
  'ServiceAccount',
  'Service',
  'Role',
  'RoleBinding',
  'PrometheusRule',
  'ServiceMonitor',
  'PodDisruptionBudget',
  'PriorityClass',
  'VerticalPodAutoscaler',
  'ConsoleYAMLSample',
  'ConsoleQuickStart',
  'ConsoleCLIDownload',
  'ConsoleLink',
  'ConsolePlugin',
  'NetworkPolicy',
  'PodMonitor',
];

/** The files of a bundle and its annotations (operator-registry, ValidateBundleFormat; operator-sdk, content). */
export const bundleFormatRules: readonly Rule[] = [
  {
    name: 'format/has-manifests-and-metadata',
    check: ({ files }) =>
      ['manifests/', 'metadata/'].flatMap((folder) =>
        unless(
          [...files.keys()].some((path) => path.startsWith(folder)),
          () => error(`there is no folder ${folder}`),
        ),
      ),
  },
  {
    name: 'format/files-are-yaml',
    check: ({ unreadable }) => unreadable.map(error),
  },
  {
    name: 'format/one-object-a-file',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ documents }) => documents !== 1,
        ({ path, documents }) => error(`${path} has ${documents} documents, of which one is read`),
      ),
  },
  {
    name: 'format/no-folders-nor-hidden-files-in-manifests',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ path }) => path.split('/').length > 2 || path.split('/').at(-1)?.startsWith('.') === true,
        ({ path }) => error(`${path} is in a folder of its own, or hidden`),
      ),
  },
  {
    name: 'format/one-csv',
    check: ({ manifests }) => {
      const count = manifests.filter(({ object }) => textAt(object, 'kind') === 'ClusterServiceVersion').length;
      return unless(count === 1, () => error(`there are ${count} ClusterServiceVersions`));
    },
  },
  {
    name: 'format/annotations',
    check: ({ annotations }) => [
      ...eachBad(
        ['mediatype.v1', 'manifests.v1', 'metadata.v1', 'package.v1', 'channels.v1'],
        (key) => textAt(annotations, `${prefix}.${key}`) === '',
        (key) => error(`annotation ${prefix}.${key} is missing or empty`),
      ),
      ...unless(textAt(annotations, `${prefix}.mediatype.v1`) === 'registry+v1', () =>
        error(`annotation ${prefix}.mediatype.v1 is not registry+v1`),
      ),
      ...unless(annotations[`${prefix}.channel.default.v1`] !== '', () =>
        error(`annotation ${prefix}.channel.default.v1 is empty`),
      ),
    ],
  },
  {
    name: 'format/dependencies',
    check: ({ files }) =>
      eachBad(
        listAt(load(files.get('metadata/dependencies.yaml') ?? '{}'), 'dependencies'),
        (dependency) => !isDependency(dependency),
        (dependency) => error(`dependency ${JSON.stringify(dependency)} is of no known type, or lacks a field`),
      ),
  },
  {
    name: 'format/default-channel-is-a-channel',
    check: ({ annotations }) => {
      const channels = textAt(annotations, `${prefix}.channels.v1`).split(',');
      const standard = textAt(annotations, `${prefix}.channel.default.v1`);
      // What is not in the default channel, such as a preview, is in another that the package already has.
      return unless(channels.length === 1 || standard === '' || channels.includes(standard), () =>
        error(`the default channel ${standard} is none of ${channels.join(', ')}`),
      );
    },
  },
  {
    name: 'format/image-labels-are-the-annotations',
    check: ({ files, annotations }) => {
      const dockerfile = files.get('Dockerfile') ?? '';
      return eachBad(
        Object.keys(annotations),
        (key) => !dockerfile.includes(`LABEL ${key}=${textAt(annotations, key)}\n`),
        (key) => error(`the Dockerfile does not label the image with ${key}`),
      );
    },
  },
  {
    name: 'format/supported-kinds',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ object }) => !supportedKinds.includes(textAt(object, 'kind')),
        ({ path, object }) => error(`${path}: kind ${textAt(object, 'kind')} cannot be in a bundle`),
      ),
  },
  {
    name: 'format/objects-have-metadata',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ object }) => !isName(textAt(object, 'metadata', 'name')) || !hasLabels(object),
        ({ path }) => error(`${path}: has no valid name or labels`),
      ),
  },
  {
    name: 'format/objects-name-no-namespace',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ object }) => textAt(object, 'metadata', 'namespace') !== '',
        ({ path }) => error(`${path}: names a namespace, which is for whoever installs to choose`),
      ),
  },
  {
    name: 'format/no-generated-fields',
    check: ({ manifests }) =>
      eachBad(
        manifests,
        ({ object }) =>
          object['status'] !== undefined ||
          ['uid', 'resourceVersion', 'creationTimestamp', 'generation'].some(
            (key) => objectAt(object, 'metadata')[key] !== undefined,
          ) ||
          listAt(object, 'metadata', 'ownerReferences').length > 0,
        ({ path }) => error(`${path}: carries fields that a cluster has to fill in`),
      ),
  },
];

/** Fields that a dependency of each type has to have. */
const dependencyFields: Readonly<Record<string, readonly string[]>> = {
  'olm.gvk': ['group', 'kind', 'version'],
  'olm.package': ['packageName', 'version'],
  'olm.label': ['label'],
};

function isDependency(dependency: unknown): boolean {
  const type = textAt(dependency, 'type');
  if (type === 'olm.constraint') return textAt(dependency, 'value', 'failureMessage') !== '';
  return dependencyFields[type]?.every((field) => textAt(dependency, 'value', field) !== '') === true;
}

/** RFC 1123 subdomain. */
export function isName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text);
}

/** What may be a label's value. */
export function isLabelValue(text: string): boolean {
  return text.length <= 63 && /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/.test(text);
}

function hasLabels(object: unknown): boolean {
  return Object.values(objectAt(object, 'metadata', 'labels')).every(
    (value) => typeof value === 'string' && isLabelValue(value),
  );
}
