import type { KindDefinition, PrinterColumn } from './kind.ts';
import type { OpenApiSchema } from './openapi.ts';

/** An `apiextensions.k8s.io/v1` CustomResourceDefinition, as far as the generator fills it in. */
export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1';
  readonly kind: 'CustomResourceDefinition';
  readonly metadata: { readonly name: string; readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly group: string;
    readonly names: Readonly<Record<string, string | readonly string[]>>;
    readonly scope: KindDefinition['scope'];
    readonly versions: readonly CrdVersion[];
  };
}

interface CrdVersion {
  readonly name: string;
  readonly served: true;
  readonly storage: boolean;
  readonly subresources: { readonly status: Readonly<Record<string, never>> };
  readonly additionalPrinterColumns: readonly PrinterColumn[];
  readonly schema: { readonly openAPIV3Schema: OpenApiSchema };
}

/** `<plural>.<group>`, the name that the API server asks of a definition. */
export function crdName(kind: KindDefinition): string {
  return `${kind.plural}.${kind.group}`;
}

/**
 * The CustomResourceDefinition of a kind. It carries none of the project's labels, only the annotation by which
 * `helm uninstall` leaves it, and with it every object of users, in place.
 */
export function customResourceDefinition(kind: KindDefinition): CustomResourceDefinition {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crdName(kind), annotations: { 'helm.sh/resource-policy': 'keep' } },
    spec: {
      group: kind.group,
      names: {
        kind: kind.kind,
        listKind: `${kind.kind}List`,
        plural: kind.plural,
        singular: kind.singular,
        shortNames: kind.shortNames,
        categories: kind.categories,
      },
      scope: kind.scope,
      versions: kind.versions.map(({ name, storage }) => ({
        name,
        served: true,
        storage,
        subresources: { status: {} },
        additionalPrinterColumns: kind.printerColumns,
        // Three copies of all descriptions would not fit into what a plain `kubectl apply` can store.
        schema: { openAPIV3Schema: storage ? rootSchema(kind) : withoutDescriptions(rootSchema(kind)) },
      })),
    },
  };
}

/** The schema of whole objects. `apiVersion`, `kind` and `metadata` are the API server's and need no mention. */
export function rootSchema(kind: KindDefinition): OpenApiSchema {
  const isRequired = kind.spec.presence === 'required';
  return {
    type: 'object',
    description: kind.description,
    ...(isRequired ? { required: ['spec'] } : {}),
    properties: { spec: kind.spec.openapi, status: kind.status.openapi },
    ...(kind.rules === undefined ? {} : { 'x-kubernetes-validations': kind.rules }),
  };
}

function withoutDescriptions(schema: OpenApiSchema): OpenApiSchema {
  const { properties, items, additionalProperties } = schema;
  const nested: OpenApiSchema = {
    ...(properties === undefined ? {} : { properties: mapValues(properties, withoutDescriptions) }),
    ...(items === undefined ? {} : { items: withoutDescriptions(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: withoutDescriptions(additionalProperties) }),
  };
  return Object.fromEntries(Object.entries({ ...schema, ...nested }).filter(([keyword]) => keyword !== 'description'));
}

function mapValues<T, R>(values: Readonly<Record<string, T>>, change: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]));
}
