import { at, isJsonObject, listAt, objectAt, textAt } from '../json.ts';
import { parseVersion } from '../../lib/semver.ts';
import { isLabelValue, isName } from './bundle-format.ts';
import { gvkOfObject, gvkOfOwned, ownedKinds, parseJson } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless, warning } from './rule.ts';

const modes: readonly string[] = ['OwnNamespace', 'SingleNamespace', 'MultiNamespace', 'AllNamespaces'];

/** Annotations of OLM whose case matters. */
const caseSensitive: readonly string[] = [
  'olm.operatorGroup',
  'olm.operatorNamespace',
  'olm.targetNamespaces',
  'olm.providedAPIs',
  'olm.skipRange',
];

/** The ClusterServiceVersion by itself (operator-framework/api, ClusterServiceVersionValidator). */
export const csvRules: readonly Rule[] = [
  {
    name: 'csv/name',
    check: ({ csv }) => {
      const name = textAt(csv, 'metadata', 'name');
      return unless(isName(name) && isLabelValue(name), () => error(`metadata.name "${name}" is no name and label`));
    },
  },
  {
    name: 'csv/replaces',
    check: ({ csv }) => {
      const replaces = textAt(csv, 'spec', 'replaces');
      return unless(replaces === '' || (isName(replaces) && isLabelValue(replaces)), () =>
        error(`spec.replaces "${replaces}" is no name and label`),
      );
    },
  },
  {
    name: 'csv/api-version-and-kind',
    check: ({ csv }) =>
      unless(
        textAt(csv, 'apiVersion') === 'operators.coreos.com/v1alpha1' &&
          textAt(csv, 'kind') === 'ClusterServiceVersion',
        () => error('it is no operators.coreos.com/v1alpha1 ClusterServiceVersion'),
      ),
  },
  {
    name: 'csv/required-fields',
    check: ({ csv }) => [
      ...eachBad(
        [
          ['spec', 'displayName'],
          ['spec', 'install', 'strategy'],
        ],
        (path) => textAt(csv, ...path) === '',
        (path) => error(`${path.join('.')} is missing`),
      ),
      ...unless(listAt(csv, 'spec', 'install', 'spec', 'deployments').length > 0, () =>
        error('spec.install.spec.deployments is missing'),
      ),
    ],
  },
  {
    name: 'csv/examples-present',
    check: ({ csv }) => {
      const annotations = objectAt(csv, 'metadata', 'annotations');
      if (annotations['alm-examples'] === undefined) return [warning('there is no annotation alm-examples')];
      return unless(annotations['olm.examples'] === undefined, () =>
        warning('both alm-examples and olm.examples are there'),
      );
    },
  },
  {
    name: 'csv/examples-are-json-objects',
    check: ({ csv }) => {
      const text = textAt(csv, 'metadata', 'annotations', 'alm-examples');
      const parsed = parseJson(text);
      return unless(Array.isArray(parsed) && parsed.every(isJsonObject), () =>
        error('alm-examples is no JSON list of objects'),
      );
    },
  },
  {
    name: 'csv/examples-are-of-owned-kinds',
    check: (bundle) => {
      const owned = ownedKinds(bundle).map(gvkOfOwned);
      return eachBad(
        bundle.examples.map(gvkOfObject),
        (key) => !owned.includes(key),
        (key) => error(`there is an example of ${key}, which is not owned`),
      );
    },
  },
  {
    name: 'csv/owned-kinds-have-examples',
    check: (bundle) => {
      const shown = bundle.examples.map(gvkOfObject);
      return eachBad(
        ownedKinds(bundle).map(gvkOfOwned),
        (key) => !shown.includes(key),
        (key) => warning(`there is no example of ${key}`),
      );
    },
  },
  {
    name: 'csv/owned-names-have-a-group',
    check: (bundle) =>
      eachBad(
        ownedKinds(bundle),
        (owned) => !/^[^.]+\../.test(textAt(owned, 'name')),
        (owned) => error(`owned kind "${textAt(owned, 'name')}" is not named <plural>.<group>`),
      ),
  },
  {
    name: 'csv/install-modes',
    check: ({ csv }) => {
      const found = listAt(csv, 'spec', 'installModes');
      const types = found.map((mode) => textAt(mode, 'type'));
      return [
        ...unless(found.length > 0, () => error('there are no install modes')),
        ...unless(new Set(types).size === types.length, () => error('an install mode is there twice')),
        ...eachBad(
          types,
          (type) => !modes.includes(type),
          (type) => error(`there is no install mode ${type}`),
        ),
        ...unless(
          found.some((mode) => at(mode, 'supported') === true),
          () => error('no install mode is supported'),
        ),
      ];
    },
  },
  {
    name: 'csv/conversion-needs-all-namespaces',
    check: ({ csv }) => {
      const converts = listAt(csv, 'spec', 'webhookdefinitions').some(
        (webhook) => listAt(webhook, 'conversionCRDs').length > 0,
      );
      const supported = listAt(csv, 'spec', 'installModes')
        .filter((mode) => at(mode, 'supported') === true)
        .map((mode) => textAt(mode, 'type'));
      return unless(!converts || supported.join() === 'AllNamespaces', () =>
        error('with conversion webhooks only the install mode AllNamespaces can be supported'),
      );
    },
  },
  {
    name: 'csv/min-kube-version',
    check: ({ csv }) => {
      const text = textAt(csv, 'spec', 'minKubeVersion').trim();
      if (text === '') return [warning('spec.minKubeVersion is missing')];
      return unless(parseVersion(text) !== undefined, () => error(`spec.minKubeVersion "${text}" is no version`));
    },
  },
  {
    name: 'csv/annotation-case',
    check: ({ csv }) =>
      eachBad(
        Object.keys(objectAt(csv, 'metadata', 'annotations')),
        (key) =>
          !caseSensitive.includes(key) && caseSensitive.some((known) => known.toLowerCase() === key.toLowerCase()),
        (key) => error(`annotation ${key} is written in the wrong case`),
      ),
  },
  {
    name: 'csv/no-properties-annotation',
    check: ({ csv }) =>
      unless(at(csv, 'metadata', 'annotations', 'olm.properties') === undefined, () =>
        warning('annotation olm.properties belongs into metadata/properties.yaml'),
      ),
  },
  {
    name: 'csv/annotations-are-strings',
    check: ({ csv }) =>
      eachBad(
        Object.entries(objectAt(csv, 'metadata', 'annotations')),
        ([, value]) => typeof value !== 'string',
        ([key]) => error(`annotation ${key} is no string, so the object cannot be read`),
      ),
  },
];
