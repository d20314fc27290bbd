import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';

/** The part of JSON Schema that values.schema.json makes use of. */
export interface ValueSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly additionalProperties?: boolean | ValueSchema;
  readonly items?: ValueSchema;
  readonly definitions?: Readonly<Record<string, ValueSchema>>;
}

/** A value of the chart that users set: its path, what it may be, what it is when it is not set, what it means. */
export interface ChartValue {
  readonly path: string;
  readonly type: string;
  readonly default: unknown;
  readonly description: string;
}

const folder = new URL('meltemi/', import.meta.url);

export function readValueSchema(): ValueSchema {
  return JSON.parse(readFileSync(new URL('values.schema.json', folder), 'utf8')) as ValueSchema;
}

export function readDefaultValues(): unknown {
  return load(readFileSync(new URL('values.yaml', folder), 'utf8'));
}

/**
 * Every value that has a description, in the order of the schema. Objects whose parts have descriptions are not values
 * of their own. What is a plain copy of a Kubernetes type has one line as a whole.
 */
export function chartValues(schema = readValueSchema(), defaults = readDefaultValues()): readonly ChartValue[] {
  const resolve = (of: ValueSchema): ValueSchema => {
    const name = of.$ref?.replace('#/definitions/', '');
    if (name === undefined) return of;
    const target = schema.definitions?.[name];
    if (target === undefined) throw new Error(`values.schema.json has no definition ${name}`);
    return { ...resolve(target), ...(of.description === undefined ? {} : { description: of.description }) };
  };
  const valuesOf = (of: ValueSchema, path: string, fallback: unknown): readonly ChartValue[] =>
    Object.entries(of.properties ?? {}).flatMap(([name, property]) => {
      const found = resolve(property);
      const at = path === '' ? name : `${path}.${name}`;
      const value = valueAt(fallback, name);
      const parts = valuesOf(found, at, value);
      if (parts.length > 0 || found.description === undefined) return parts;
      return [{ path: at, type: typeOf(found), default: value, description: found.description }];
    });
  return valuesOf(schema, '', defaults);
}

function valueAt(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? new Map(Object.entries(of)).get(name) : undefined;
}

function typeOf(schema: ValueSchema): string {
  if (schema.enum !== undefined) {
    return schema.enum
      .filter((value) => value !== '')
      .map(code)
      .join(', ');
  }
  if (schema.type === 'array') return 'list';
  const { type, minimum, maximum } = schema;
  const types = Array.isArray(type) ? type.join(' or ') : String(type);
  return minimum === undefined || maximum === undefined ? types : `${types}, ${minimum} to ${maximum}`;
}

/** The page of all values in Markdown, by path from the root of the repository. */
export function renderedValuesReference(): ReadonlyMap<string, string> {
  const rows = chartValues().map(({ path, type, default: value, description }) => [
    code(path),
    type,
    value === undefined || value === '' ? '' : code(JSON.stringify(value).replaceAll(/^"|"$/g, '')),
    description,
  ]);
  return new Map([['docs/reference/chart.md', `${introduction}\n${table([head, ...rows])}\n`]]);
}

const head = ['Value', 'Type', 'Default', 'Meaning'];

const introduction = `# The Helm chart

\`charts/meltemi\` installs the operator and the kinds of the mesh. Helm refuses values that are not in this table, values of
another type, and values that contradict each other, with a message that says which.

This page is generated from \`values.schema.json\` and \`values.yaml\`. How they work together: [Install](../guide/install.md). The
alerts, each with what to do: [Alerts](alerts.md).
`;

function code(text: string): string {
  return `\`${text}\``;
}

/** In prettier's form. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [first = [], ...body] = cells;
  return [line(first), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}
