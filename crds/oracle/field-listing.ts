import type { OpenApiSchema } from '../openapi.ts';

/** What a schema says of each field but for descriptions and messages, by path: `spec.http[].match[].uri.exact`. */
export type FieldListing = Readonly<Record<string, string>>;

/** Lists every field below `path`; map values are at `{}`, list items at `[]`. */
export function listFields(schema: OpenApiSchema, path: string): FieldListing {
  const listing: Record<string, string> = { [path]: constraintsOf(schema) };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    Object.assign(listing, listFields(property, `${path}.${name}`));
  }
  if (schema.items !== undefined) Object.assign(listing, listFields(schema.items, `${path}[]`));
  if (schema.additionalProperties !== undefined) {
    Object.assign(listing, listFields(schema.additionalProperties, `${path}{}`));
  }
  return listing;
}

/** Texts, and what has a line of its own. */
const notListed = new Set(['description', 'properties', 'items', 'additionalProperties']);

/** All keywords of one field as one line, in alphabetical order: `format=int32 type=integer`. */
function constraintsOf(schema: OpenApiSchema): string {
  const { required, 'x-kubernetes-validations': rules, ...others } = schema;
  const all: Readonly<Record<string, unknown>> = {
    ...Object.fromEntries(Object.entries(others).filter(([keyword]) => !notListed.has(keyword))),
    ...(required === undefined ? {} : { required: [...required].sort() }),
    ...(rules === undefined ? {} : { rules: rules.map(({ rule }) => rule) }),
  };
  return Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([keyword, value]) => `${keyword}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
}
