import type { JsonObject } from './json.ts';

/** What a catalog's pages say about a kind beyond its schema. */
export interface KindPresentation {
  /** The kind in words. */
  readonly displayName: string;
  /** An object to begin with, in the version that is stored; without `apiVersion` and `kind`. */
  readonly example: { readonly metadata: JsonObject; readonly spec: JsonObject };
  /**
   * Fields of the spec with their name in words, by path: those below the first level that are worth a line of their
   * own, and those of the first level whose name in words is not simply theirs.
   */
  readonly specFields: Readonly<Record<string, string>>;
  /** The same of the status. */
  readonly statusFields?: Readonly<Record<string, string>>;
  /** Made by the operator alone; a console does not offer to create one. */
  readonly internal?: true;
  /** Kinds of the objects that come and go with one of this kind. */
  readonly resources: readonly RelatedResource[];
}

/** operators.coreos.com/v1alpha1 APIResourceReference: `name` is that of the definition, empty for built-in kinds. */
export interface RelatedResource {
  readonly name: string;
  readonly kind: string;
  readonly version: string;
}
