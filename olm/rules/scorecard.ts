import { load } from 'js-yaml';
import type { OpenApiSchema } from '../../crds/openapi.ts';
import { annotationsFile, csvFile, scorecardFile } from '../bundle.ts';
import type { JsonObject } from '../json.ts';
import { at, isJsonObject, listAt, objectAt, textAt, textsAt } from '../json.ts';
import { scorecardTests } from '../scorecard-configuration.ts';
import { bundleContentRules } from './bundle-content.ts';
import { bundleFormatRules } from './bundle-format.ts';
import { csvRules } from './csv.ts';
import { definitionRules } from './definitions.ts';
import type { LoadedBundle } from './loaded-bundle.ts';
import { gvkOfObject, gvkOfOwned, gvksOfDefinition, ownedKinds } from './loaded-bundle.ts';
import type { Rule } from './rule.ts';
import { eachBad, error, unless } from './rule.ts';
import { schemaProblems } from './schema-problems.ts';

/** The framework's own tests (operator-sdk, `scorecard`), and that the bundle asks for them. */
export const scorecardRules: readonly Rule[] = [
  {
    name: 'scorecard/basic-check-spec',
    check: ({ examples }) => [
      ...unless(examples.length > 0, () => error('there is no example')),
      ...eachBad(
        examples,
        ({ spec }) => !isJsonObject(spec),
        (example) => error(`the example of ${gvkOfObject(example)} has no spec`),
      ),
    ],
  },
  {
    name: 'scorecard/olm-bundle-validation',
    check: (bundle) =>
      [...bundleFormatRules, ...bundleContentRules, ...csvRules, ...definitionRules].flatMap(({ check }) =>
        check(bundle),
      ),
  },
  {
    name: 'scorecard/olm-crds-have-validation',
    check: (bundle) =>
      bundle.examples.flatMap((example) => {
        const schema = schemaOf(bundle, example);
        if (schema === undefined) return [error(`there is no schema for the example of ${gvkOfObject(example)}`)];
        return schemaProblems(schema, example, textAt(example, 'kind')).map(error);
      }),
  },
  {
    name: 'scorecard/olm-crds-have-resources',
    check: (bundle) =>
      eachBad(
        ownedKinds(bundle),
        (owned) => listAt(owned, 'resources').length === 0,
        (owned) => error(`${textAt(owned, 'name')} names no kinds that come with it`),
      ),
  },
  {
    name: 'scorecard/olm-spec-descriptors',
    check: (bundle) =>
      bundle.examples.flatMap((example) => {
        const described = descriptorPaths(bundle, example, 'specDescriptors');
        return eachBad(
          Object.keys(objectAt(example, 'spec')),
          (field) => !described.includes(field),
          (field) => error(`${textAt(example, 'kind')}: spec.${field} has no descriptor`),
        );
      }),
  },
  {
    name: 'scorecard/olm-status-descriptors',
    check: (bundle) =>
      eachBad(
        bundle.examples,
        (example) => {
          const hasStatus = at(schemaOf(bundle, example), 'properties', 'status') !== undefined;
          return hasStatus && descriptorPaths(bundle, example, 'statusDescriptors').length === 0;
        },
        (example) => error(`${textAt(example, 'kind')} has a status, and no descriptor of it`),
      ),
  },
  {
    name: 'scorecard/descriptors-are-of-fields',
    check: (bundle) =>
      ownedKinds(bundle).flatMap((owned) =>
        (['spec', 'status'] as const).flatMap((part) =>
          eachBad(
            listAt(owned, `${part}Descriptors`).map((descriptor) => textAt(descriptor, 'path')),
            (path) => !hasField(bundle, owned, part, path),
            (path) => error(`${textAt(owned, 'kind')}: there is no field ${part}.${path}`),
          ),
        ),
      ),
  },
  {
    name: 'scorecard/configuration',
    check: ({ files, annotations }) => {
      const configured = listAt(load(files.get(scorecardFile) ?? '{}'), 'stages')
        .flatMap((stage) => listAt(stage, 'tests'))
        .map((test) => textsAt(test, 'entrypoint').at(-1));
      const folder = textAt(annotations, 'operators.operatorframework.io.test.config.v1');
      // A bundle need not ask for the framework's own tests; one that does has to ask for all of them.
      if (folder === '' && !files.has(scorecardFile)) return [];
      return [
        ...eachBad(
          Object.values(scorecardTests).flat(),
          (name) => !configured.includes(name),
          (name) => error(`${scorecardFile} does not run ${name}`),
        ),
        ...unless(scorecardFile === `${folder}config.yaml`, () =>
          error(`${annotationsFile} does not say where the tests of ${csvFile} are`),
        ),
      ];
    },
  },
];

/** The schema of an example's kind and version. */
function schemaOf({ definitions }: LoadedBundle, example: JsonObject): OpenApiSchema | undefined {
  const definition = definitions.find((one) => gvksOfDefinition(one).includes(gvkOfObject(example)));
  const [, version] = textAt(example, 'apiVersion').split('/');
  const found = listAt(definition, 'spec', 'versions').find((one) => textAt(one, 'name') === version);
  const schema = at(found, 'schema', 'openAPIV3Schema');
  return isJsonObject(schema) ? schema : undefined;
}

function descriptorPaths(bundle: LoadedBundle, example: JsonObject, descriptors: string): readonly string[] {
  const owned = ownedKinds(bundle).find((one) => gvkOfOwned(one) === gvkOfObject(example));
  return listAt(owned, descriptors).map((descriptor) => textAt(descriptor, 'path'));
}

function hasField(bundle: LoadedBundle, owned: JsonObject, part: 'spec' | 'status', path: string): boolean {
  const example = {
    apiVersion: `${textAt(owned, 'name').replace(/^[^.]*\./, '')}/${textAt(owned, 'version')}`,
    kind: owned['kind'],
  };
  const steps = path.split('.').flatMap((name) => ['properties', name]);
  return at(schemaOf(bundle, example), 'properties', part, ...steps) !== undefined;
}
