import type { KindDefinition } from './kind.ts';
import type { OpenApiSchema } from './openapi.ts';

type Row = readonly [field: string, type: string, fallback: string, description: string];

/** The reference page of a kind in Markdown, in prettier's form: one table of its spec, one of its status. */
export function referencePage(kind: KindDefinition): string {
  const [version] = kind.versions;
  const apiVersion = `${kind.group}/${version?.name ?? ''}`;
  return [
    `# ${kind.kind}`,
    kind.description,
    [
      `- API version: \`${apiVersion}\``,
      `- Scope: ${kind.scope === 'Cluster' ? 'the cluster' : 'a namespace'}`,
      `- Short name: ${kind.shortNames.map((name) => `\`${name}\``).join(', ')}`,
    ].join('\n'),
    'This page is generated from the schema in `crds/`.',
    '## spec',
    kind.spec.openapi.description ?? '',
    table(rowsOf(kind.spec.openapi, 'spec')),
    ...rulesSection([...(kind.rules ?? []), ...rulesOf(kind.spec.openapi)]),
    '## status',
    kind.status.openapi.description ?? '',
    table(rowsOf(kind.status.openapi, 'status')),
  ]
    .join('\n\n')
    .concat('\n');
}

function rowsOf(schema: OpenApiSchema, path: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const field = `${path}.${name}`;
    const isRequired = schema.required?.includes(name) === true;
    const row: Row = [code(field), typeOf(property), defaultOf(property, isRequired), property.description ?? ''];
    return [row, ...rowsOf(property, field), ...rowsOf(property.items ?? {}, `${field}[]`)];
  });
}

function typeOf(schema: OpenApiSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ');
  if (schema.items !== undefined) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}`;
  return `${schema.type ?? 'any'}${rangeOf(schema)}`;
}

function rangeOf({ minimum, maximum }: OpenApiSchema): string {
  if (minimum !== undefined && maximum !== undefined) return `, ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  return maximum === undefined ? '' : `, at most ${maximum}`;
}

function defaultOf(schema: OpenApiSchema, isRequired: boolean): string {
  if (isRequired) return 'required';
  // An object whose properties have defaults of their own says nothing by its `{}`.
  if (schema.default === undefined || JSON.stringify(schema.default) === '{}') return '';
  return code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default));
}

function rulesOf(schema: OpenApiSchema): readonly Rule[] {
  const nested = Object.entries(schema.properties ?? {}).flatMap(([name, property]) =>
    rulesOf(property).map((rule) => ({ ...rule, path: `${name}${rule.path === undefined ? '' : `.${rule.path}`}` })),
  );
  return [...(schema['x-kubernetes-validations'] ?? []), ...nested];
}

interface Rule {
  readonly message?: string;
  readonly path?: string;
}

function rulesSection(rules: readonly Rule[]): readonly string[] {
  const lines = rules.map(
    ({ path, message }) => `- ${path === undefined ? '' : `${code(`spec.${path}`)}: `}${message ?? ''}`,
  );
  return lines.length === 0 ? [] : ['The API server also holds an object to these rules:', lines.join('\n')];
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(rows: readonly Row[]): string {
  const head: Row = ['Field', 'Type', 'Default', 'Description'];
  const all = [head, ...rows].map(escapeRow);
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const [headLine, ...body] = all.map(line);
  return [headLine, line(widths.map((width) => '-'.repeat(width))), ...body].join('\n');
}

function escapeRow([field, type, fallback, description]: Row): Row {
  return [escape(field), escape(type), escape(fallback), escape(description)];
}

function escape(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`);
}
