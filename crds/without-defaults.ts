import { isDeepStrictEqual } from 'node:util';
import { applyDefaults } from './defaults.ts';
import type { OpenApiSchema } from './openapi.ts';
import type { Schema } from './schema.ts';

/**
 * A value without what the API server would fill in by itself. A default that a later version adds changes nothing of
 * the result, so neither does it change a digest of it.
 */
export function withoutDefaults<Out, In>(schema: Schema<Out, In>, value: In): In {
  // What is left out of an `In` are properties with defaults, and those may be.
  return strip(schema.openapi, value) as In;
}

function strip(schema: OpenApiSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item: unknown) => strip(items, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).flatMap(([name, entry]: [string, unknown]) => {
    const property = schema.properties?.[name] ?? schema.additionalProperties;
    const kept = property === undefined ? entry : strip(property, entry);
    return kept === undefined || (property !== undefined && isDefault(property, kept)) ? [] : [[name, kept] as const];
  });
  return Object.fromEntries(entries);
}

/** `stripped` is the property's value after its own defaults were taken away. */
function isDefault(property: OpenApiSchema, stripped: unknown): boolean {
  if (property.default === undefined) return false;
  const filled = applyDefaults<unknown, unknown>({ openapi: property, presence: 'optional' }, property.default);
  return isDeepStrictEqual(strip(property, filled), stripped);
}
