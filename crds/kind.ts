import type { KubeObject } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import type { CelRule } from './openapi.ts';
import type { AnySchema, Infer, InferInput } from './schema.ts';

/** An object of one of the kinds defined here, as read from the API server. */
export interface KubernetesObject<Spec, Status> extends KubeObject {
  readonly spec: Spec;
  readonly status?: Status;
}

export interface KindVersion {
  readonly name: string;
  /** Exactly one version of a kind is the one that is stored. */
  readonly storage: boolean;
}

export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  readonly description: string;
  readonly jsonPath: string;
  /** Columns above 0 are shown by `-o wide` only. */
  readonly priority?: number;
}

/** Everything a CustomResourceDefinition says about a kind; all versions share one schema, so none needs conversion. */
export interface KindDefinition<Spec extends AnySchema = AnySchema, Status extends AnySchema = AnySchema> {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** All served; the newest first. */
  readonly versions: readonly KindVersion[];
  readonly printerColumns: readonly PrinterColumn[];
  readonly description: string;
  readonly spec: Spec;
  readonly status: Status;
  /** CEL rules on the whole object, which see `self.metadata.name` too. */
  readonly rules?: readonly CelRule[];
}

/** Keeps the precise types of a definition's schemas. */
export function defineKind<Spec extends AnySchema, Status extends AnySchema>(
  definition: KindDefinition<Spec, Status>,
): KindDefinition<Spec, Status> {
  return definition;
}

/** The objects of a kind as read from the API server. */
export type ObjectOfKind<K> =
  K extends KindDefinition<infer Spec, infer Status> ? KubernetesObject<Infer<Spec>, Infer<Status>> : never;

/** The spec of a kind as a user may write it. */
export type SpecInput<K> = K extends KindDefinition<infer Spec> ? InferInput<Spec> : never;

/** The kind as lib/kube asks the API server for it, in the version that is stored. */
export function resourceOf<Spec extends AnySchema, Status extends AnySchema>(
  kind: KindDefinition<Spec, Status>,
): Resource<KubernetesObject<Infer<Spec>, Infer<Status>>> {
  return {
    group: kind.group,
    version: storageVersion(kind),
    plural: kind.plural,
    kind: kind.kind,
    namespaced: kind.scope === 'Namespaced',
  };
}

export function storageVersion(kind: KindDefinition): string {
  const stored = kind.versions.filter(({ storage }) => storage);
  const [only] = stored;
  if (only === undefined || stored.length > 1) throw new Error(`${kind.kind}: exactly one version has to be stored`);
  return only.name;
}

/** JSONPath of a field of a condition, for a printer column. */
export function conditionPath(type: string, field: 'status' | 'reason' | 'message' = 'status'): string {
  return `.status.conditions[?(@.type=="${type}")].${field}`;
}

export const ageColumn: PrinterColumn = {
  name: 'Age',
  type: 'date',
  description: 'Time since the object was created.',
  jsonPath: '.metadata.creationTimestamp',
};
