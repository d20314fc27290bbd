import { load } from 'js-yaml';
import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { crdName, customResourceDefinition, rootSchema } from './custom-resource-definition.ts';
import { renderedCrds, renderedReference } from './generate.ts';
import { storageVersion } from './kind.ts';
import { kinds } from './kinds.ts';
import type { OpenApiSchema } from './openapi.ts';

/** A plain `kubectl apply` keeps the object in an annotation, and those have room for 256 KiB. */
const largestFile = 256 * 1024;

describe('rendered custom resource definitions', () => {
  it.each([...renderedCrds()])('%s fits a plain kubectl apply and holds no template action', (_, text) => {
    expect(Buffer.byteLength(text)).toBeLessThan(largestFile);
    expect(text).not.toContain('{{');
  });

  it('are what the kinds say, after a round trip through YAML', () => {
    const parsed = [...renderedCrds().values()].map((text) => load(text));
    expect(parsed).toEqual(kinds.map(customResourceDefinition));
  });

  it('are kept by helm uninstall', () => {
    for (const kind of kinds) {
      expect(customResourceDefinition(kind).metadata).toEqual({
        name: crdName(kind),
        annotations: { 'helm.sh/resource-policy': 'keep' },
      });
    }
  });

  it("serve Istio's older versions, and store v1", () => {
    const served = kinds.map((kind) => [kind.kind, storageVersion(kind), kind.versions.map(({ name }) => name)]);
    expect(served).toEqual([
      ['MeshControlPlane', 'v1alpha1', ['v1alpha1']],
      ['MeshRevision', 'v1alpha1', ['v1alpha1']],
      ['MeshRevisionTag', 'v1alpha1', ['v1alpha1']],
      ['VirtualService', 'v1', ['v1', 'v1beta1', 'v1alpha3']],
      ['DestinationRule', 'v1', ['v1', 'v1beta1', 'v1alpha3']],
      ['PeerAuthentication', 'v1', ['v1', 'v1beta1']],
    ]);
  });

  it('describe every field in the stored version and, for the room it takes, none in the others', () => {
    for (const { spec } of kinds.map(customResourceDefinition)) {
      for (const { name, storage, schema } of spec.versions) {
        const described = fieldsOf(schema.openAPIV3Schema).map((field) => field.schema.description !== undefined);
        expect(new Set(described), `${spec.group}/${name}`).toEqual(new Set([storage]));
      }
    }
  });
});

interface Field {
  readonly path: string;
  readonly schema: OpenApiSchema;
}

function fieldsOf(schema: OpenApiSchema, path = ''): readonly Field[] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, value]) => fieldsOf(value, `${path}.${name}`));
  const items = schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`);
  const values = schema.additionalProperties === undefined ? [] : fieldsOf(schema.additionalProperties, `${path}{}`);
  return [{ path, schema }, ...below, ...items, ...values];
}

// Kubernetes, "Specifying a structural schema".
describe.each(kinds)('schema of $kind as a structural schema', (kind) => {
  const fields = fieldsOf(rootSchema(kind));
  const failing = (bad: (schema: OpenApiSchema) => boolean) =>
    fields.filter(({ schema }) => bad(schema)).map(({ path }) => path);

  it('gives each field a type, or says that it is an integer or a string', () => {
    expect(
      failing((schema) => (schema.type === undefined) !== (schema['x-kubernetes-int-or-string'] === true)),
    ).toEqual([]);
  });

  it('uses nothing but required, not and the like inside oneOf, allOf and anyOf', () => {
    const allowed = new Set(['required', 'oneOf', 'anyOf', 'allOf', 'not']);
    const within = (schema: OpenApiSchema): readonly OpenApiSchema[] =>
      [
        ...(schema.oneOf ?? []),
        ...(schema.anyOf ?? []),
        ...(schema.allOf ?? []),
        ...(schema.not ? [schema.not] : []),
      ].flatMap((nested) => [nested, ...within(nested)]);
    const usesMore = (schema: OpenApiSchema) =>
      schema['x-kubernetes-int-or-string'] !== true &&
      within(schema).some((nested) => Object.keys(nested).some((keyword) => !allowed.has(keyword)));
    expect(failing(usesMore)).toEqual([]);
  });

  it('has no field with both fixed and free keys', () => {
    expect(failing((schema) => schema.properties !== undefined && schema.additionalProperties !== undefined)).toEqual(
      [],
    );
  });

  it('requires the keys of lists that are maps', () => {
    const misses = ({ items, 'x-kubernetes-list-map-keys': keys }: OpenApiSchema) =>
      keys?.some((key) => items?.required?.includes(key) !== true) === true;
    expect(failing(misses)).toEqual([]);
  });

  it('gives every rule a message', () => {
    expect(
      failing((schema) => (schema['x-kubernetes-validations'] ?? []).some(({ message }) => (message ?? '') === '')),
    ).toEqual([]);
  });
});

describe('rendered reference', () => {
  it('names each field of MeshControlPlane with its default', () => {
    const page = renderedReference().get('docs/reference/mesh-control-plane.md') ?? '';
    const line = (field: string) => page.split('\n').find((text) => text.startsWith(`| \`${field}\``));
    expect(line('spec.pilot.replicas')).toMatch(/integer, 1 to 100 +\| `2` +\| Number of replicas/);
    expect(line('spec.meshConfig.mtls.mode')).toContain('`STRICT`, `PERMISSIVE`, `DISABLE`');
    expect(line('status.conditions[].type')).toContain('required');
    expect(page).toContain('- `spec.ca`: maxWorkloadCertTTL must not be longer than rootTTL');
  });

  it('is in the form that the formatter leaves as it is', async () => {
    for (const [path, text] of renderedReference()) {
      const options = await prettier.resolveConfig(path);
      expect(await prettier.check(text, { ...options, filepath: path })).toBe(true);
    }
  });
});
