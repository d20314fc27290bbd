import { load } from 'js-yaml';
import type { BundleFiles } from '../bundle.ts';
import { annotationsFile, csvFile, scorecardFile } from '../bundle.ts';
import { isJsonObject } from '../json.ts';
import { toYaml } from '../yaml.ts';

/** Makes a broken bundle from a good one. */
export type Breakage = (files: BundleFiles) => BundleFiles;

type Path = readonly (string | number)[];

/** Writes a value into the document of a file; undefined takes the field away. */
export function inFile(file: string, path: Path, value: unknown): Breakage {
  return (files) => new Map(files).set(file, toYaml(withValue(load(files.get(file) ?? ''), path, value)));
}

const inCsv = (path: Path, value: unknown): Breakage => inFile(csvFile, path, value);
const inAnnotation = (key: string, value: unknown): Breakage => inCsv(['metadata', 'annotations', key], value);
const inBundleAnnotation = (key: string, value: unknown): Breakage =>
  inFile(annotationsFile, ['annotations', `operators.operatorframework.io.bundle.${key}`], value);
const addFile = (path: string, document: unknown): Breakage => {
  return (files) => new Map(files).set(path, typeof document === 'string' ? document : toYaml(document));
};
const without = (isGone: (path: string) => boolean): Breakage => {
  return (files) => new Map([...files].filter(([path]) => !isGone(path)));
};

function withValue(document: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(document)) {
    const items: readonly unknown[] = document;
    const index = Number(key);
    const present = index < items.length;
    const changed = withValue(items[index], rest, value);
    if (!present) return [...items, changed];
    return items.flatMap((item, at) => (at !== index ? [item] : changed === undefined ? [] : [changed]));
  }
  const object = isJsonObject(document) ? document : {};
  const entries = Object.entries({ ...object, [key]: withValue(object[key], rest, value) });
  return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
}

const owned = ['spec', 'customresourcedefinitions', 'owned'] as const;
const deployment = ['spec', 'install', 'spec', 'deployments', 0] as const;
const container = [...deployment, 'spec', 'template', 'spec', 'containers', 0] as const;
const extraRule = ['spec', 'install', 'spec', 'clusterPermissions', 0, 'rules', 999] as const;
const definition = 'manifests/meltemi.dev_meshcontrolplanes.yaml';
const example = { apiVersion: 'meltemi.dev/v1alpha1', kind: 'MeshControlPlane', metadata: { name: 'x' } };
const examples = (...objects: readonly object[]): Breakage => inAnnotation('alm-examples', JSON.stringify(objects));

function role(rule: object): Breakage {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return addFile('manifests/role.yaml', { apiVersion, kind: 'Role', metadata: { name: 'x' }, rules: [rule] });
}

/** For each rule, bundles that break it. */
export const broken: Readonly<Record<string, readonly Breakage[]>> = {
  'format/has-manifests-and-metadata': [
    without((path) => path.startsWith('metadata/')),
    without((path) => path.startsWith('manifests/')),
  ],
  'format/files-are-yaml': [addFile('manifests/x.yaml', 'a: b: c')],
  'format/one-object-a-file': [addFile('manifests/x.yaml', '{kind: Service}\n---\n{kind: Service}\n')],
  'format/no-folders-nor-hidden-files-in-manifests': [
    addFile('manifests/more/x.yaml', {}),
    addFile('manifests/.hidden.yaml', {}),
  ],
  'format/one-csv': [
    without((path) => path === csvFile),
    addFile('manifests/second.yaml', { kind: 'ClusterServiceVersion' }),
  ],
  'format/annotations': [
    inBundleAnnotation('mediatype.v1', 'plain+v0'),
    inBundleAnnotation('package.v1', undefined),
    inBundleAnnotation('channels.v1', ''),
    inBundleAnnotation('channel.default.v1', ''),
  ],
  'format/dependencies': [
    addFile('metadata/dependencies.yaml', { dependencies: [{ type: 'olm.package', value: { packageName: 'x' } }] }),
    addFile('metadata/dependencies.yaml', { dependencies: [{ type: 'olm.other', value: {} }] }),
  ],
  'format/default-channel-is-a-channel': [inBundleAnnotation('channel.default.v1', 'fast')],
  'format/image-labels-are-the-annotations': [inBundleAnnotation('package.v1', 'other')],
  'format/supported-kinds': [addFile('manifests/x.yaml', { kind: 'Deployment' })],
  'format/objects-have-metadata': [
    inCsv(['metadata', 'name'], 'Not_A_Name'),
    inCsv(['metadata', 'labels', 'x'], 'not a value'),
  ],
  'format/objects-name-no-namespace': [inFile(definition, ['metadata', 'namespace'], 'default')],
  'format/no-generated-fields': [
    inFile(definition, ['status'], {}),
    inFile(definition, ['metadata', 'creationTimestamp'], '2026-01-01T00:00:00Z'),
  ],
  'bundle/definitions-are-unique': [(files) => new Map(files).set('manifests/x.yaml', files.get(definition) ?? '')],
  'bundle/owned-kinds-are-defined': [without((path) => path === definition), inCsv([...owned, 0, 'version'], 'v9')],
  'bundle/defined-kinds-are-owned': [inCsv([...owned, 0], undefined)],
  'bundle/no-service-account-of-a-deployment': [
    addFile('manifests/x.yaml', { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'meltemi-operator' } }),
  ],
  'bundle/release-in-name': [inCsv(['spec', 'release'], '1')],
  'bundle/size': [
    addFile('manifests/x.yaml', { text: noise(1_100_000) }),
    addFile('manifests/x.yaml', { text: noise(900_000) }),
  ],
  'bundle/related-images-parse': [
    inCsv(['spec', 'relatedImages', 0, 'image'], 'Not An Image'),
    inCsv(['spec', 'relatedImages', 0, 'image'], ''),
  ],
  'bundle/related-images-are-named': [inCsv(['spec', 'relatedImages', 0, 'name'], '')],
  'bundle/images-in-use-are-related': [
    inCsv(['spec', 'relatedImages', 1], undefined),
    inCsv([...container, 'image'], 'meltemi/other:1'),
    inCsv([...container, 'args', 999], '--release-images=0.0.9:istiod=meltemi/meltemi:0.0.9'),
  ],
  'csv/name': [inCsv(['metadata', 'name'], `meltemi.v0.1.0-${'x'.repeat(60)}`)],
  'csv/replaces': [inCsv(['spec', 'replaces'], 'Meltemi 0.0.9')],
  'csv/api-version-and-kind': [inCsv(['apiVersion'], 'operators.coreos.com/v1')],
  'csv/required-fields': [
    inCsv(['spec', 'displayName'], undefined),
    inCsv(['spec', 'install', 'strategy'], undefined),
    inCsv(['spec', 'install', 'spec', 'deployments'], []),
  ],
  'csv/examples-present': [inAnnotation('alm-examples', undefined), inAnnotation('olm.examples', '[]')],
  'csv/examples-are-json-objects': [inAnnotation('alm-examples', '[{]'), inAnnotation('alm-examples', '{}')],
  'csv/examples-are-of-owned-kinds': [examples({ ...example, kind: 'Other', spec: {} })],
  'csv/owned-kinds-have-examples': [examples(example)],
  'csv/owned-names-have-a-group': [inCsv([...owned, 0, 'name'], 'meshcontrolplanes')],
  'csv/install-modes': [
    inCsv(['spec', 'installModes'], []),
    inCsv(['spec', 'installModes', 3, 'supported'], false),
    inCsv(['spec', 'installModes', 1, 'type'], 'OwnNamespace'),
    inCsv(['spec', 'installModes', 1, 'type'], 'Everywhere'),
  ],
  'csv/conversion-needs-all-namespaces': [
    (files) =>
      inCsv(
        ['spec', 'installModes', 0, 'supported'],
        true,
      )(inCsv(['spec', 'webhookdefinitions'], [{ conversionCRDs: ['x'] }])(files)),
  ],
  'csv/min-kube-version': [inCsv(['spec', 'minKubeVersion'], undefined), inCsv(['spec', 'minKubeVersion'], '1.30')],
  'csv/annotation-case': [inAnnotation('olm.skiprange', '>=0.0.0')],
  'csv/no-properties-annotation': [inAnnotation('olm.properties', '[]')],
  'csv/annotations-are-strings': [inAnnotation('certified', false)],
  'crd/name-is-plural-and-group': [inFile(definition, ['metadata', 'name'], 'x.meltemi.dev')],
  'crd/names': [
    inFile(definition, ['spec', 'names', 'plural'], 'MeshControlPlanes'),
    inFile(definition, ['spec', 'names', 'listKind'], 'MeshControlPlane'),
  ],
  'crd/scope': [inFile(definition, ['spec', 'scope'], 'Everywhere')],
  'crd/one-stored-version': [inFile(definition, ['spec', 'versions', 0, 'storage'], false)],
  'crd/versions': [inFile(definition, ['spec', 'versions', 0, 'name'], 'V1')],
  'crd/versions-have-schemas': [inFile(definition, ['spec', 'versions', 0, 'schema'], undefined)],
  'operatorhubv2/provider': [inCsv(['spec', 'provider', 'name'], ' ')],
  'operatorhubv2/maintainers': [
    inCsv(['spec', 'maintainers'], undefined),
    inCsv(['spec', 'maintainers', 0, 'name'], ''),
    inCsv(['spec', 'maintainers', 0, 'email'], 'nobody'),
  ],
  'operatorhubv2/links': [
    inCsv(['spec', 'links'], []),
    inCsv(['spec', 'links', 0, 'name'], ''),
    inCsv(['spec', 'links', 0, 'url'], 'meltemi'),
  ],
  'operatorhubv2/version': [inCsv(['spec', 'version'], undefined), inCsv(['spec', 'version'], '0.1')],
  'operatorhubv2/icon': [
    inCsv(['spec', 'icon'], undefined),
    inCsv(['spec', 'icon', 1], { base64data: 'eA==', mediatype: 'image/png' }),
    inCsv(['spec', 'icon', 0, 'base64data'], ''),
    inCsv(['spec', 'icon', 0, 'mediatype'], 'image/webp'),
  ],
  'operatorhubv2/icon-is-what-it-says': [inCsv(['spec', 'icon', 0, 'base64data'], 'eA==')],
  'capabilities/known-level': [inAnnotation('capabilities', 'Everything')],
  'categories/known': [inAnnotation('categories', 'Networking,Meshes')],
  'community/annotations': [
    inAnnotation('containerImage', undefined),
    inAnnotation('createdAt', 'yesterday'),
    inAnnotation('support', ''),
  ],
  'community/description-and-keywords': [
    inCsv(['spec', 'description'], 'A mesh.'),
    inCsv(['spec', 'keywords'], []),
    inCsv(['spec', 'maturity'], 'ripe'),
  ],
  'community/container-image-is-deployed': [inAnnotation('containerImage', 'meltemi/other:1')],
  'good-practices/deployment': [inCsv(['spec', 'install', 'spec', 'deployments'], undefined)],
  'good-practices/resource-requests': [
    inCsv([...container, 'resources', 'requests', 'cpu'], undefined),
    inCsv([...container, 'resources'], undefined),
  ],
  'good-practices/crd-descriptions': [inCsv([...owned, 0, 'description'], '')],
  'good-practices/channel-names': [inBundleAnnotation('channels.v1', 'alpha,stable')],
  'good-practices/no-create-on-crds': [
    inCsv(extraRule, {
      apiGroups: ['apiextensions.k8s.io'],
      resources: ['customresourcedefinitions'],
      verbs: ['get', 'patch'],
    }),
    inCsv(extraRule, { apiGroups: ['apiextensions.k8s.io'], resources: ['*'], verbs: ['*'] }),
  ],
  'good-practices/bundle-name': [
    inCsv(['metadata', 'name'], 'meltemi'),
    inCsv(['metadata', 'name'], 'meltemi-0.1.0'),
    inCsv(['metadata', 'name'], 'meltemi.v9.9.9'),
  ],
  'best-practices/no-wildcard-permissions': [inCsv(extraRule, { apiGroups: ['*'], resources: ['x'], verbs: ['get'] })],
  'best-practices/no-namespace-in-arguments': [inCsv([...container, 'args', 1], '--namespace=meltemi-system')],
  'best-practices/not-root': [inCsv([...container, 'securityContext', 'runAsNonRoot'], undefined)],
  'alpha-deprecated-apis/objects': [
    addFile('manifests/x.yaml', { apiVersion: 'policy/v1beta1', kind: 'PodDisruptionBudget', metadata: { name: 'x' } }),
    inFile(definition, ['apiVersion'], 'apiextensions.k8s.io/v1beta1'),
  ],
  'alpha-deprecated-apis/related-kinds': [
    inCsv([...owned, 0, 'resources', 0], { name: '', kind: 'HorizontalPodAutoscaler', version: 'autoscaling/v2beta2' }),
  ],
  'alpha-deprecated-apis/permissions': [
    inCsv(extraRule, { apiGroups: ['policy'], resources: ['podsecuritypolicies'], verbs: ['use'] }),
  ],
  'objects/disruption-budgets-allow-drains': [
    inFile('manifests/meltemi-operator_policy_v1_poddisruptionbudget.yaml', ['spec', 'maxUnavailable'], 0),
    inFile('manifests/meltemi-operator_policy_v1_poddisruptionbudget.yaml', ['spec'], { minAvailable: '100%' }),
  ],
  'objects/no-global-default-priority': [
    addFile('manifests/x.yaml', { kind: 'PriorityClass', metadata: { name: 'x' }, globalDefault: true }),
  ],
  'objects/roles-write-no-disruption-budgets': [
    role({ apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: ['create'] }),
  ],
  'objects/roles-leave-standard-constraints': [
    role({
      apiGroups: ['security.openshift.io'],
      resources: ['securitycontextconstraints'],
      resourceNames: ['restricted'],
      verbs: ['update'],
    }),
  ],
  'scorecard/basic-check-spec': [examples(example), examples()],
  'scorecard/olm-bundle-validation': [inCsv(['spec', 'installModes'], [])],
  'scorecard/olm-crds-have-validation': [
    examples({ ...example, spec: { colour: 'blue' } }),
    examples({ ...example, spec: { pilot: { replicas: 'two' } } }),
    examples({ ...example, spec: { pilot: { replicas: 0 } } }),
    examples({ ...example, spec: { meshConfig: { mtls: { mode: 'MAYBE' } } } }),
    examples({ ...example, kind: 'Other' }),
  ],
  'scorecard/olm-crds-have-resources': [inCsv([...owned, 0, 'resources'], [])],
  'scorecard/olm-spec-descriptors': [inCsv([...owned, 0, 'specDescriptors'], [])],
  'scorecard/olm-status-descriptors': [inCsv([...owned, 0, 'statusDescriptors'], undefined)],
  'scorecard/descriptors-are-of-fields': [
    inCsv([...owned, 0, 'specDescriptors', 0, 'path'], 'pilot.colour'),
    inCsv([...owned, 0, 'statusDescriptors', 0, 'path'], 'colour'),
  ],
  'scorecard/configuration': [inFile(scorecardFile, ['stages', 0, 'tests', 2], undefined)],
};

/** Text that does not compress, of so many characters; the same in every run. */
function noise(length: number): string {
  let state = 1;
  const next = (): string => {
    state = (state * 48_271) % 0x7fff_ffff;
    return String.fromCharCode(65 + (state % 58));
  };
  return Array.from({ length }, next).join('');
}
