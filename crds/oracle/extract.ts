/**
 * Writes istio-api-fields.json from the definitions that a version of the Go module istio.io/api carries:
 *
 *   go mod download -json istio.io/api@v1.31.4      says the module's folder as "Dir"
 *   node crds/oracle/extract.ts v1.31.4 <Dir>/kubernetes/customresourcedefinitions.gen.yaml
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import type { OpenApiSchema } from '../openapi.ts';
import { listFields, type FieldListing } from './field-listing.ts';

interface Definition {
  readonly spec: {
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: OpenApiSchema } }[];
  };
}

const wanted = ['VirtualService', 'DestinationRule', 'PeerAuthentication'];
const [, , version, file] = process.argv;
if (version === undefined || file === undefined) throw new Error('usage: extract.ts <version> <definitions.yaml>');

// Istio's own file, whose shape is that of CustomResourceDefinition.
const definitions = loadAll(readFileSync(file, 'utf8')) as readonly (Definition | null)[];
const kinds: Record<string, Readonly<Record<string, FieldListing>>> = {};
for (const definition of definitions) {
  const kind = definition?.spec.names.kind;
  const properties = definition?.spec.versions[0]?.schema.openAPIV3Schema.properties;
  if (kind === undefined || properties === undefined || !wanted.includes(kind)) continue;
  kinds[kind] = Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, listFields(schema, name)]),
  );
}
const source = `Field names, types and constraints of Istio's API: Go module istio.io/api ${version}, Apache-2.0 licence`;
writeFileSync(
  new URL('istio-api-fields.json', import.meta.url),
  `${JSON.stringify({ source, kinds }, undefined, 2)}\n`,
);
