import type { OpenApiSchema } from '../../crds/openapi.ts';
import { isJsonObject } from '../json.ts';

/**
 * Where an object has not the shape of its schema: types, required and unknown fields, enumerated values, patterns and
 * bounds. CEL rules and alternatives are the API server's to check.
 */
export function schemaProblems(schema: OpenApiSchema, object: unknown, path: string): readonly string[] {
  // `apiVersion`, `kind` and `metadata` are the API server's, and no schema needs to mention them.
  const typed = { ...schema, properties: { apiVersion: {}, kind: {}, metadata: {}, ...schema.properties } };
  return problems(typed, object, path);
}

function problems(schema: OpenApiSchema, value: unknown, path: string): readonly string[] {
  if (!hasType(schema, value)) return [`${path} is not of type ${schema.type ?? 'integer or string'}`];
  if (isJsonObject(value)) return objectProblems(schema, value, path);
  if (Array.isArray(value)) return arrayProblems(schema, value, path);
  if (typeof value === 'string') return stringProblems(schema, value, path);
  return typeof value === 'number' ? numberProblems(schema, value, path) : [];
}

function hasType(schema: OpenApiSchema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) return Number.isInteger(value) || typeof value === 'string';
  const { type } = schema;
  if (type === undefined) return true;
  switch (type) {
    case 'object':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === type;
  }
}

function objectProblems(
  schema: OpenApiSchema,
  value: Readonly<Record<string, unknown>>,
  path: string,
): readonly string[] {
  const { properties = {}, additionalProperties, required = [] } = schema;
  const isOpen = schema['x-kubernetes-preserve-unknown-fields'] === true || schema.type === undefined;
  return [
    ...required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${path}.${name} is missing`),
    ...Object.entries(value).flatMap(([name, inner]) => {
      const field = properties[name] ?? additionalProperties;
      if (field === undefined) return isOpen ? [] : [`${path}.${name} is no field of the schema`];
      return problems(field, inner, `${path}.${name}`);
    }),
  ];
}

function arrayProblems(schema: OpenApiSchema, value: readonly unknown[], path: string): readonly string[] {
  const { items = {}, minItems = 0, maxItems = Infinity } = schema;
  const count = value.length >= minItems && value.length <= maxItems ? [] : [`${path} has ${value.length} items`];
  return [...count, ...value.flatMap((item, index) => problems(items, item, `${path}[${index}]`))];
}

function stringProblems(schema: OpenApiSchema, value: string, path: string): readonly string[] {
  const { enum: values, pattern, minLength = 0, maxLength = Infinity } = schema;
  if (values?.includes(value) === false) return [`${path} is none of ${values.join(', ')}`];
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return [`${path} does not match ${pattern}`];
  return value.length >= minLength && value.length <= maxLength ? [] : [`${path} has ${value.length} characters`];
}

function numberProblems(schema: OpenApiSchema, value: number, path: string): readonly string[] {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  return value >= minimum && value <= maximum ? [] : [`${path} is not between ${minimum} and ${maximum}`];
}
