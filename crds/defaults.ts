import type { OpenApiSchema } from './openapi.ts';
import type { Schema } from './schema.ts';

/**
 * Fills in defaults as the API server does (Kubernetes, "Defaulting" of structural schemas): missing properties get
 * their default, null counts as missing where it is not a value, and what was filled in is itself completed.
 * The input is left as it is.
 */
export function applyDefaults<Out, In>(schema: Schema<Out, In>, value: In): Out {
  // The schema's `Out` is by construction its `In` with the defaults filled in.
  return complete(schema.openapi, value) as Out;
}

function complete(schema: OpenApiSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item: unknown) => complete(items, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return completeObject(schema, value);
}

function completeObject(schema: OpenApiSchema, value: object): Readonly<Record<string, unknown>> {
  const result = new Map<string, unknown>(Object.entries(value));
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const present = result.get(name);
    const isMissing = present === undefined || (present === null && property.nullable !== true);
    const filled = isMissing ? (property.default ?? present) : present;
    if (filled !== undefined) result.set(name, complete(property, filled));
  }
  const { additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    for (const [name, entry] of result) result.set(name, complete(additionalProperties, entry));
  }
  return Object.fromEntries(result);
}
