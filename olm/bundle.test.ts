import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { crdName } from '../crds/custom-resource-definition.ts';
import { meshControlPlane } from '../crds/mesh-control-plane.ts';
import { kinds } from '../crds/kinds.ts';
import { operatorRules } from '../operator/operator-rules.ts';
import { renderedBundle } from './bundle.ts';
import { readChartRendering } from './chart-rendering.ts';
import { clusterServiceVersion } from './cluster-service-version.ts';
import { crdDescription } from './crd-description.ts';
import { bundleSource, renderedPackage } from './generate.ts';
import { defaultImages } from './images.ts';
import { at, listAt, objectAt, textAt, textsAt } from './json.ts';
import { presentationOf } from './kind-presentations.ts';
import { rules } from './rules/rules.ts';
import { loadBundle } from './rules/loaded-bundle.ts';

const next = { version: '0.2.0', createdAt: '2027-01-01T00:00:00Z' };
const digest = `sha256:${'ab'.repeat(32)}`;
const csv = clusterServiceVersion(bundleSource());
const nextCsv = clusterServiceVersion(bundleSource(next));

function container(of: typeof csv): unknown {
  return listAt(of.spec.install.spec.deployments[0]?.spec, 'template', 'spec', 'containers')[0];
}

describe('the bundle', () => {
  it('is the same each time', () => {
    expect(renderedPackage()).toEqual(renderedPackage());
  });

  it('defines and owns every kind that the chart installs', () => {
    const files = renderedBundle(bundleSource());
    const defined = [...files.values()]
      .map((text) => load(text))
      .filter((one) => at(one, 'kind') === 'CustomResourceDefinition');
    expect(defined.map((one) => textAt(one, 'metadata', 'name'))).toEqual(kinds.map(crdName));
    expect(csv.spec.customresourcedefinitions.owned.map(({ name }) => name)).toEqual(kinds.map(crdName));
  });

  it('holds no plain word that an older reader of YAML takes for a boolean', () => {
    for (const [path, text] of renderedPackage()) {
      expect(text, path).not.toMatch(/^[^#|]*[:-] (y|n|yes|no|on|off)$/im);
    }
  });

  it('grants the operator what its code says it needs', () => {
    expect(csv.spec.install.spec.clusterPermissions).toEqual([
      { serviceAccountName: 'meltemi-operator', rules: operatorRules },
    ]);
  });

  it('runs the operator in whatever namespace it is installed to', () => {
    const env = listAt(container(csv), 'env');
    expect(env).toContainEqual({ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } });
    expect([...renderedBundle(bundleSource()).values()].join('')).not.toMatch(/^ *namespace: meltemi-system/m);
  });

  it('runs each version beside the one before', () => {
    const [old, young] = [csv, nextCsv].map(({ spec }) => spec.install.spec.deployments[0]);
    expect(young?.name).not.toBe(old?.name);
    const selected = objectAt(young?.spec, 'selector', 'matchLabels');
    expect(selected).not.toEqual(objectAt(old?.spec, 'selector', 'matchLabels'));
    expect(objectAt(young?.spec, 'template', 'metadata', 'labels')).toMatchObject(selected);
  });

  it('has one budget for the operators of all versions', () => {
    const text = renderedBundle(bundleSource(next)).get(
      'manifests/meltemi-operator_policy_v1_poddisruptionbudget.yaml',
    );
    const budget = load(text ?? '');
    expect(objectAt(budget, 'spec', 'selector', 'matchLabels')).not.toHaveProperty(['app.kubernetes.io/version']);
    expect(textAt(budget, 'metadata', 'labels', 'app.kubernetes.io/version')).toBe('0.2.0');
  });

  it('of a later version replaces the one before', () => {
    expect(nextCsv.metadata.name).toBe('meltemi.v0.2.0');
    expect(nextCsv.spec.replaces).toBe('meltemi.v0.1.0');
    expect(nextCsv.metadata.annotations['olm.skipRange']).toBe('>=0.1.0 <0.2.0');
    expect(csv.spec).not.toHaveProperty('replaces');
  });

  it('of a later version keeps every rule too', () => {
    const loaded = loadBundle(renderedBundle(bundleSource(next)));
    expect(rules.flatMap(({ check }) => check(loaded))).toEqual([]);
  });

  it('offers no kind to create that the operator alone makes', () => {
    expect(csv.metadata.annotations['operators.operatorframework.io/internal-objects']).toBe(
      '["meshrevisions.meltemi.dev"]',
    );
  });

  it('takes images by tag, and then is not for a mirror', () => {
    expect(csv.spec.relatedImages).toEqual([
      { name: 'operator', image: 'meltemi/meltemi:0.1.0' },
      { name: 'proxy', image: 'meltemi/proxy:0.1.0' },
    ]);
    expect(csv.metadata.annotations['features.operators.openshift.io/disconnected']).toBe('false');
    expect(nextCsv.spec.relatedImages).toContainEqual({ name: 'proxy-0.1.0', image: 'meltemi/proxy:0.1.0' });
  });

  it('takes images by digest everywhere', () => {
    const { bundle } = defaultImages(next.version);
    const images = {
      operator: { repository: 'own.example/meltemi', tag: '0.2.0', digest },
      proxy: { repository: 'own.example/proxy', tag: '0.2.0', digest },
      bundle,
      former: new Map([['0.1.0', { istiod: `own.example/old@${digest}`, proxy: `own.example/old-proxy@${digest}` }]]),
    };
    const source = bundleSource(next, images);
    const found = clusterServiceVersion(source);
    const [operator, proxy] = [`own.example/meltemi@${digest}`, `own.example/proxy@${digest}`];
    expect(found.spec.relatedImages).toEqual([
      { name: 'operator', image: operator },
      { name: 'proxy', image: proxy },
      { name: 'operator-0.1.0', image: `own.example/old@${digest}` },
      { name: 'proxy-0.1.0', image: `own.example/old-proxy@${digest}` },
    ]);
    expect(textsAt(container(found), 'args').at(-1)).toBe(
      `--release-images=0.1.0:istiod=own.example/old@${digest},0.1.0:proxy=own.example/old-proxy@${digest}`,
    );
    expect(textAt(container(found), 'image')).toBe(operator);
    expect(textsAt(container(found), 'args')).toEqual(
      expect.arrayContaining([`--istiod-image=${operator}`, `--proxy-image=${proxy}`]),
    );
    expect(found.metadata.annotations).toMatchObject({
      containerImage: operator,
      'features.operators.openshift.io/disconnected': 'true',
    });
    const loaded = loadBundle(renderedBundle(source));
    expect(rules.flatMap(({ check }) => check(loaded))).toEqual([]);
  });

  it('has no file left of a former one', () => {
    const folder = fileURLToPath(new URL('../bundle', import.meta.url));
    const present = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)));
    const rendered = [...renderedBundle(bundleSource()).keys()];
    expect(present.filter((path) => !rendered.includes(path))).toEqual([]);
  });
});

describe('the generator', () => {
  const unknown = { ...meshControlPlane, kind: 'MeshThing', plural: 'meshthings' };

  it('names a kind of which it does not know what to say', () => {
    const source = { ...bundleSource(), kinds: [...kinds, unknown] };
    expect(() => renderedBundle(source)).toThrow(
      'olm/kind-presentations.ts says nothing about MeshThing (meshthings.meltemi.dev)',
    );
  });

  it('names a field to be described that the schema has not', () => {
    const presentation = { ...presentationOf(meshControlPlane), specFields: { 'pilot.colour': 'Colour' } };
    expect(() => crdDescription(meshControlPlane, presentation)).toThrow(
      'MeshControlPlane spec.pilot.colour: the schema has no such field',
    );
  });

  it('names an object of the chart of which it does not know what becomes', () => {
    const text = '{kind: Deployment, metadata: {name: a}}\n---\n{kind: CronJob, metadata: {name: b}}\n';
    expect(() => readChartRendering(text)).toThrow('the chart makes CronJob b: say in olm/chart-rendering.ts');
  });

  it('leaves out what is Helm’s alone, and what is granted to others', () => {
    const hook = { annotations: { 'helm.sh/hook': 'pre-upgrade' } };
    const rules = (resource: string) => [{ apiGroups: [''], resources: [resource], verbs: ['get'] }];
    const bind = (name: string, account: string) => ({
      kind: 'RoleBinding',
      metadata: { name },
      roleRef: { kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: account }],
    });
    const objects = [
      { kind: 'Deployment', spec: { template: { spec: { serviceAccountName: 'operator' } } } },
      { kind: 'Job', metadata: { name: 'hook', ...hook } },
      { kind: 'Role', metadata: { name: 'operator' }, rules: rules('pods') },
      { kind: 'Role', metadata: { name: 'people' }, rules: rules('nodes') },
      { kind: 'Role', metadata: { name: 'hook' }, rules: rules('secrets') },
      bind('operator', 'operator'),
      bind('hook', 'hook'),
    ];
    const found = readChartRendering(objects.map((object) => JSON.stringify(object)).join('\n---\n'));
    expect(found.namespaceRules).toEqual(rules('pods'));
    expect(found.objects).toEqual([]);
  });

  it('names an image of which it does not know the bundle’s', () => {
    const { chart, ...source } = bundleSource();
    const text = JSON.stringify(chart.deployment).replace('--proxy-image=', '--other-image=');
    const changed = { ...chart, deployment: objectAt(JSON.parse(text)) };
    expect(() => renderedBundle({ ...source, chart: changed })).toThrow('--other-image=meltemi/proxy:0.1.0');
  });
});

describe('how a field is shown', () => {
  const [controlPlane] = csv.spec.customresourcedefinitions.owned;
  const descriptors = [...(controlPlane?.specDescriptors ?? []), ...(controlPlane?.statusDescriptors ?? [])];
  const shown = (path: string) => descriptors.find((descriptor) => descriptor.path === path);

  it('follows from its schema', () => {
    const ui = 'urn:alm:descriptor:com.tectonic.ui';
    expect(shown('pilot.replicas')?.['x-descriptors']).toEqual([`${ui}:podCount`]);
    expect(shown('pilot.resources')?.['x-descriptors']).toEqual([`${ui}:resourceRequirements`]);
    expect(shown('pilot.autoscaling.enabled')?.['x-descriptors']).toEqual([`${ui}:booleanSwitch`]);
    expect(shown('conditions')?.['x-descriptors']).toEqual(['urn:alm:descriptor:io.kubernetes.conditions']);
    expect(shown('upgrade.phase')?.['x-descriptors']).toEqual(['urn:alm:descriptor:io.kubernetes.phase']);
    expect(shown('upgrade.strategy')?.['x-descriptors']).toEqual([`${ui}:select:InPlace`, `${ui}:select:Canary`]);
  });

  it('has a name in words', () => {
    expect(shown('observedGeneration')?.displayName).toBe('Observed generation');
    expect(shown('ca')?.displayName).toBe('Certificate authority');
  });
});
