import type { OpenApiSchema } from './openapi.ts';
import type { Schema } from './schema.ts';

/** A place where a value has not the shape that its schema asks for. */
export interface ShapeProblem {
  readonly path: string;
  readonly message: string;
}

/** Whether a value has the shape of a schema: see {@link shapeProblems}. */
export function conforms<Out>(schema: Schema<Out, unknown>, value: unknown): value is Out {
  return shapeProblems(schema.openapi, value, '').length === 0;
}

/**
 * Where a value has not the types, required properties and enumerated values of its schema. Patterns, bounds and CEL
 * rules are the API server's to check, and unknown properties are its to prune.
 */
export function shapeProblems(schema: OpenApiSchema, value: unknown, path: string): readonly ShapeProblem[] {
  if (value === null && schema.nullable === true) return [];
  if (schema['x-kubernetes-int-or-string'] === true) {
    return Number.isInteger(value) || typeof value === 'string'
      ? []
      : [mismatch('an integer or a string', value, path)];
  }
  const { type } = schema;
  if (type === undefined) return [];
  switch (type) {
    case 'object':
      return isObject(value) ? objectProblems(schema, value, path) : [mismatch('an object', value, path)];
    case 'array':
      return Array.isArray(value) ? itemProblems(schema, value, path) : [mismatch('a list', value, path)];
    case 'string':
      return typeof value === 'string' ? enumProblems(schema, value, path) : [mismatch('a string', value, path)];
    case 'integer':
      return Number.isInteger(value) ? [] : [mismatch('an integer', value, path)];
    case 'number':
      return typeof value === 'number' ? [] : [mismatch('a number', value, path)];
    case 'boolean':
      return typeof value === 'boolean' ? [] : [mismatch('a boolean', value, path)];
  }
}

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectProblems(schema: OpenApiSchema, value: JsonObject, path: string): readonly ShapeProblem[] {
  const { properties = {}, additionalProperties, required = [] } = schema;
  const missing = required
    .filter((name) => value[name] === undefined)
    .map((name) => ({ path: join(path, name), message: 'is required' }));
  const wrong = Object.entries(value).flatMap(([name, entry]) => {
    const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
    return known === undefined || entry === undefined ? [] : shapeProblems(known, entry, join(path, name));
  });
  return [...missing, ...wrong];
}

function itemProblems({ items }: OpenApiSchema, value: readonly unknown[], path: string): readonly ShapeProblem[] {
  return items === undefined ? [] : value.flatMap((item, index) => shapeProblems(items, item, `${path}[${index}]`));
}

function enumProblems(schema: OpenApiSchema, value: string, path: string): readonly ShapeProblem[] {
  if (schema.enum === undefined || schema.enum.includes(value)) return [];
  return [{ path, message: `must be one of ${schema.enum.join(', ')}, is "${value}"` }];
}

function mismatch(wanted: string, value: unknown, path: string): ShapeProblem {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
  return { path, message: `must be ${wanted}, is ${found}` };
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
