import type { CelRule, OpenApiSchema } from './openapi.ts';

declare const output: unique symbol;
declare const input: unique symbol;

/** Whether a property must be written, may be left out, or is filled in by the API server when left out. */
export type Presence = 'optional' | 'required' | 'defaulted';

/**
 * A structural OpenAPI schema that also carries its TypeScript types: `Out` is the value as read from the API server
 * (defaults filled in), `In` the value as a user writes it. Build one with the combinators of this file.
 */
export interface Schema<Out, In = Out, P extends Presence = Presence> {
  readonly openapi: OpenApiSchema;
  readonly presence: P;
  readonly [output]?: Out;
  readonly [input]?: In;
}

export type AnySchema = Schema<unknown>;

/** The value of a schema as read from the API server: properties with a default are always there. */
export type Infer<S extends AnySchema> = S extends Schema<infer Out, unknown> ? Out : never;

/** The value of a schema as a user may write it: properties with a default can be left out. */
export type InferInput<S extends AnySchema> = S extends Schema<unknown, infer In> ? In : never;

type Properties = Readonly<Record<string, AnySchema>>;
type KeysWith<P extends Properties, Wanted extends Presence> = {
  [K in keyof P]: P[K]['presence'] extends Wanted ? K : never;
}[keyof P];
type Flat<T> = { readonly [K in keyof T]: T[K] };
type ObjectOf<P extends Properties> = Flat<
  { [K in KeysWith<P, 'required' | 'defaulted'>]: Infer<P[K]> } & { [K in KeysWith<P, 'optional'>]?: Infer<P[K]> }
>;
type ObjectInputOf<P extends Properties> = Flat<
  { [K in KeysWith<P, 'required'>]: InferInput<P[K]> } & {
    [K in KeysWith<P, 'optional' | 'defaulted'>]?: InferInput<P[K]>;
  }
>;

interface Rules {
  readonly rules?: readonly CelRule[];
}

function schema<Out, In = Out>(openapi: OpenApiSchema, rules?: readonly CelRule[]): Schema<Out, In, 'optional'> {
  const complete = rules === undefined ? openapi : { ...openapi, 'x-kubernetes-validations': rules };
  return { openapi: complete, presence: 'optional' };
}

interface StringOptions extends Rules {
  readonly format?: string;
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
}

export function string(description: string, options: StringOptions = {}): Schema<string, string, 'optional'> {
  const { rules, ...constraints } = options;
  return schema({ description, type: 'string', ...constraints }, rules);
}

/** A string out of a fixed set; the type is the union of its values. */
export function enumeration<const V extends readonly string[]>(
  description: string,
  values: V,
): Schema<V[number], V[number], 'optional'> {
  return schema({ description, type: 'string', enum: values });
}

interface NumberOptions extends Rules {
  readonly format?: 'int32' | 'int64' | 'double';
  readonly minimum?: number;
  readonly maximum?: number;
}

export function integer(description: string, options: NumberOptions = {}): Schema<number, number, 'optional'> {
  const { rules, ...constraints } = options;
  return schema({ description, type: 'integer', ...constraints }, rules);
}

export function number(description: string, options: NumberOptions = {}): Schema<number, number, 'optional'> {
  const { rules, ...constraints } = options;
  return schema({ description, type: 'number', ...constraints }, rules);
}

export function boolean(description: string): Schema<boolean, boolean, 'optional'> {
  return schema({ description, type: 'boolean' });
}

/** A value that Kubernetes knows as IntOrString. */
export function intOrString(
  description: string,
  options: Pick<StringOptions, 'pattern' | 'maxLength' | 'rules'> = {},
): Schema<number | string, number | string, 'optional'> {
  const { rules, ...constraints } = options;
  const anyOf = [{ type: 'integer' }, { type: 'string' }] as const;
  return schema({ description, anyOf, 'x-kubernetes-int-or-string': true, ...constraints }, rules);
}

interface ArrayOptions extends Rules {
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Keys that make the list a map for server-side apply (`x-kubernetes-list-type: map`). */
  readonly mapKeys?: readonly string[];
}

export function array<Out, In>(
  description: string,
  items: Schema<Out, In>,
  options: ArrayOptions = {},
): Schema<readonly Out[], readonly In[], 'optional'> {
  const { rules, mapKeys, ...constraints } = options;
  const listType: OpenApiSchema =
    mapKeys === undefined ? {} : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': mapKeys };
  return schema({ description, type: 'array', items: items.openapi, ...constraints, ...listType }, rules);
}

interface MapOptions extends Rules {
  readonly minProperties?: number;
  readonly maxProperties?: number;
}

/** An object with free keys, all of whose values have one schema. */
export function map<Out, In>(
  description: string,
  values: Schema<Out, In>,
  options: MapOptions = {},
): Schema<Readonly<Record<string, Out>>, Readonly<Record<string, In>>, 'optional'> {
  const { rules, ...constraints } = options;
  return schema({ description, type: 'object', additionalProperties: values.openapi, ...constraints }, rules);
}

interface ObjectOptions extends Rules {
  /** Groups of properties of which at most one may be set. */
  readonly atMostOne?: readonly (readonly string[])[];
  /** Keep properties that the schema does not name, instead of pruning them. */
  readonly preserveUnknown?: boolean;
}

export function object<P extends Properties>(
  description: string,
  properties: P,
  options: ObjectOptions = {},
): Schema<ObjectOf<P>, ObjectInputOf<P>, 'optional'> {
  const required = Object.keys(properties).filter((name) => properties[name]?.presence === 'required');
  const groups = (options.atMostOne ?? []).map((names) => atMostOneOf(names));
  const [onlyGroup] = groups;
  const exclusive: OpenApiSchema = groups.length > 1 ? { allOf: groups } : (onlyGroup ?? {});
  return schema(
    {
      description,
      type: 'object',
      properties: Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, value.openapi])),
      ...(required.length > 0 ? { required } : {}),
      ...exclusive,
      ...(options.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    },
    options.rules,
  );
}

/**
 * At most one of the named properties, said in plain OpenAPI. Not a CEL rule: the API server bounds the estimated cost
 * of those, and lists within lists without a limit, as in VirtualService, go beyond it.
 */
function atMostOneOf(names: readonly string[]): OpenApiSchema {
  const eachAlone = names.map((name) => ({ required: [name] }));
  return { oneOf: [{ not: { anyOf: eachAlone } }, ...eachAlone] };
}

/** An object of any shape, kept as it is; `T` is what readers may take it for. */
export function preserving<T extends object = Readonly<Record<string, unknown>>>(
  description: string,
): Schema<T, T, 'optional'> {
  return schema({ description, type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
}

/** The same schema where the property must be written. */
export function required<Out, In>(of: Schema<Out, In>): Schema<Out, In, 'required'> {
  return { ...of, presence: 'required' };
}

/** The same schema where null is a value too. */
export function nullable<Out, In>(of: Schema<Out, In>): Schema<Out | null, In | null, 'optional'> {
  return { openapi: { ...of.openapi, nullable: true }, presence: 'optional' };
}

/** The same schema with a value that the API server fills in where the property is left out. */
export function withDefault<Out, In>(of: Schema<Out, In>, value: In): Schema<Out, In, 'defaulted'> {
  return { openapi: { ...of.openapi, default: value }, presence: 'defaulted' };
}

/** The same schema with another description, for a shape that is used under several names. */
export function described<Out, In>(of: Schema<Out, In>, description: string): Schema<Out, In, 'optional'> {
  return { openapi: { ...of.openapi, description }, presence: 'optional' };
}
