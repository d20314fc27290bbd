import { at, isJsonObject, listAt, textAt, textsAt } from '../json.ts';
import type { JsonObject } from '../json.ts';
import type { Rule } from './rule.ts';
import { eachBad, error } from './rule.ts';

/**
 * Definitions by themselves (operator-framework/api, CustomResourceDefinitionValidator: the API server's own checks).
 * Schemas are the API server's to check; the integration test has one take them.
 */
export const definitionRules: readonly Rule[] = [
  {
    name: 'crd/name-is-plural-and-group',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) =>
          textAt(one, 'metadata', 'name') !==
          `${textAt(one, 'spec', 'names', 'plural')}.${textAt(one, 'spec', 'group')}`,
        (one) => error(`${textAt(one, 'metadata', 'name')} is not <plural>.<group>`),
      ),
  },
  {
    name: 'crd/names',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) => !namesOf(one).every((name) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name)) || !hasKinds(one),
        (one) => error(`${textAt(one, 'metadata', 'name')}: spec.names are not as they have to be`),
      ),
  },
  {
    name: 'crd/scope',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) => !['Cluster', 'Namespaced'].includes(textAt(one, 'spec', 'scope')),
        (one) => error(`${textAt(one, 'metadata', 'name')}: spec.scope is unknown`),
      ),
  },
  {
    name: 'crd/one-stored-version',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) => listAt(one, 'spec', 'versions').filter((version) => at(version, 'storage') === true).length !== 1,
        (one) => error(`${textAt(one, 'metadata', 'name')}: exactly one version has to be stored`),
      ),
  },
  {
    name: 'crd/versions',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) => {
          const names = listAt(one, 'spec', 'versions').map((version) => textAt(version, 'name'));
          return (
            new Set(names).size !== names.length || !names.every((name) => /^[a-z]([-a-z0-9]*[a-z0-9])?$/.test(name))
          );
        },
        (one) => error(`${textAt(one, 'metadata', 'name')}: a version has no name, or that of another`),
      ),
  },
  {
    name: 'crd/versions-have-schemas',
    check: ({ definitions }) =>
      eachBad(
        definitions,
        (one) =>
          !listAt(one, 'spec', 'versions').every((version) => isJsonObject(at(version, 'schema', 'openAPIV3Schema'))),
        (one) => error(`${textAt(one, 'metadata', 'name')}: a version has no schema`),
      ),
  },
];

function namesOf(definition: JsonObject): readonly string[] {
  const names = at(definition, 'spec', 'names');
  return [
    textAt(names, 'plural'),
    textAt(names, 'singular'),
    ...textsAt(names, 'shortNames'),
    ...textsAt(names, 'categories'),
  ];
}

function hasKinds(definition: JsonObject): boolean {
  const kind = textAt(definition, 'spec', 'names', 'kind');
  return /^[A-Z][A-Za-z0-9]*$/.test(kind) && textAt(definition, 'spec', 'names', 'listKind') !== kind;
}
