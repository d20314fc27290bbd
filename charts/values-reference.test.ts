import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { ValueSchema } from './values-reference.ts';
import { chartValues, readDefaultValues, readValueSchema } from './values-reference.ts';

/** Paths of everything that is no object with entries. */
function leaves(of: unknown, path = ''): readonly string[] {
  if (typeof of !== 'object' || of === null || Array.isArray(of) || Object.keys(of).length === 0) return [path];
  return Object.entries(of).flatMap(([name, value]) => leaves(value, path === '' ? name : `${path}.${name}`));
}

/** Every object of the schema, by its path. */
function* objects(schema: ValueSchema, path: string): Generator<readonly [string, ValueSchema]> {
  if (schema.type === 'object') yield [path, schema];
  for (const [name, property] of Object.entries({ ...schema.properties, ...schema.definitions })) {
    yield* objects(property, `${path}.${name}`);
  }
  if (schema.items !== undefined) yield* objects(schema.items, `${path}[]`);
}

describe('values.schema.json', () => {
  const described = chartValues();

  it('describes every value that values.yaml has', () => {
    const paths = described.map(({ path }) => path);
    const missing = leaves(readDefaultValues()).filter(
      (leaf) => !paths.some((path) => leaf === path || leaf.startsWith(`${path}.`)),
    );
    expect(missing).toEqual([]);
  });

  it('describes nothing that values.yaml does not have', () => {
    expect(described.filter((value) => value.default === undefined).map(({ path }) => path)).toEqual([]);
  });

  it('takes no property that it does not name, but in maps and where Kubernetes has too many', () => {
    const open = [...objects(readValueSchema(), '$')]
      .filter(([, { additionalProperties }]) => additionalProperties === undefined)
      .map(([path]) => path);
    expect(open).toEqual(['$.global', '$.extraEnv[].valueFrom', '$.extraVolumes[]']);
  });

  it('has nothing that everything.testing.yaml leaves out', () => {
    const everything = load(readFileSync(new URL('everything.testing.yaml', import.meta.url), 'utf8'));
    const set = leaves(everything);
    const left = described.filter(
      ({ path }) => !set.some((leaf) => leaf === path || leaf.startsWith(`${path}.`) || path.startsWith(`${leaf}.`)),
    );
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  it('speaks in whole sentences', () => {
    for (const { path, description } of described) expect(description, path).toMatch(/^[A-Z`].*\.$/);
  });
});
