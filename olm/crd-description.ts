import { crdName } from '../crds/custom-resource-definition.ts';
import type { KindDefinition } from '../crds/kind.ts';
import { storageVersion } from '../crds/kind.ts';
import type { OpenApiSchema } from '../crds/openapi.ts';
import type { KindPresentation, RelatedResource } from './kind-presentation.ts';

/** An owned kind in a ClusterServiceVersion (operators.coreos.com/v1alpha1 CRDDescription). */
export interface CrdDescription {
  readonly name: string;
  readonly kind: string;
  readonly version: string;
  readonly displayName: string;
  readonly description: string;
  readonly resources: readonly RelatedResource[];
  readonly specDescriptors: readonly Descriptor[];
  readonly statusDescriptors: readonly Descriptor[];
}

/** How a console shows a field: `path` is without `spec.` or `status.`. */
export interface Descriptor {
  readonly path: string;
  readonly displayName: string;
  readonly description: string;
  readonly 'x-descriptors'?: readonly string[];
}

/**
 * The description of a kind in the version that is stored. Every field of the first level has a descriptor, as have
 * those that the presentation names; what they say is the schema's own text.
 * @throws Error when the presentation names a field that the schema has not, or one without a description.
 */
export function crdDescription(kind: KindDefinition, presentation: KindPresentation): CrdDescription {
  const { displayName, specFields, statusFields = {}, resources } = presentation;
  return {
    name: crdName(kind),
    kind: kind.kind,
    version: storageVersion(kind),
    displayName,
    description: kind.description,
    resources,
    specDescriptors: descriptors(kind, 'spec', specFields, formHints),
    statusDescriptors: descriptors(kind, 'status', statusFields, pageHints),
  };
}

function descriptors(
  kind: KindDefinition,
  part: 'spec' | 'status',
  names: Readonly<Record<string, string>>,
  hintsFor: (name: string, field: OpenApiSchema) => readonly string[],
): readonly Descriptor[] {
  const schema = kind[part].openapi;
  const paths = [...new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(names)])].sort();
  return paths.map((path) => {
    const field = fieldAt(schema, path);
    if (field?.description === undefined) {
      throw new Error(
        `${kind.kind} ${part}.${path}: the schema has no such field with a description, so a bundle cannot describe it`,
      );
    }
    const name = path.split('.').at(-1) ?? path;
    const hints = hintsFor(name, field);
    return {
      path,
      displayName: names[path] ?? inWords(name),
      description: field.description,
      ...(hints.length === 0 ? {} : { 'x-descriptors': hints }),
    };
  });
}

function fieldAt(schema: OpenApiSchema, path: string): OpenApiSchema | undefined {
  return path.split('.').reduce<OpenApiSchema | undefined>((inner, name) => inner?.properties?.[name], schema);
}

const descriptor = 'urn:alm:descriptor';
const ui = `${descriptor}:com.tectonic.ui`;

/** With what a console's form has a field filled in. */
function formHints(name: string, { type, enum: values }: OpenApiSchema): readonly string[] {
  if (name === 'replicas') return [`${ui}:podCount`];
  if (name === 'resources') return [`${ui}:resourceRequirements`];
  if (values !== undefined) return values.map((value) => `${ui}:select:${value}`);
  if (type === 'boolean') return [`${ui}:booleanSwitch`];
  if (type === 'integer' || type === 'number') return [`${ui}:number`];
  return type === 'string' ? [`${ui}:text`] : [];
}

/** How a console's page shows a field. */
function pageHints(name: string, { type, 'x-kubernetes-list-map-keys': keys }: OpenApiSchema): readonly string[] {
  if (name === 'conditions' && keys?.includes('type') === true) return [`${descriptor}:io.kubernetes.conditions`];
  if (name === 'phase') return [`${descriptor}:io.kubernetes.phase`];
  return type === 'string' || type === 'integer' || type === 'number' ? [`${descriptor}:text`] : [];
}

/** `workloadSelector` as "Workload selector", `exportTo` as "Export to"; what is all capitals stays so. */
function inWords(name: string): string {
  const words = name
    .split(/(?<=[a-z0-9])(?=[A-Z])/)
    .map((word) => (/^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()));
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
