import { load, loadAll } from 'js-yaml';
import { describeError } from '../../lib/errors.ts';
import type { BundleFiles } from '../bundle.ts';
import type { JsonObject } from '../json.ts';
import { at, isJsonObject, listAt, objectAt, textAt } from '../json.ts';

/** A bundle as the framework's tools read one: every field may be anything. */
export interface LoadedBundle {
  readonly files: BundleFiles;
  /** The first document of each file in `manifests/`. */
  readonly manifests: readonly Manifest[];
  /** The ClusterServiceVersion, or an empty object. */
  readonly csv: JsonObject;
  readonly definitions: readonly JsonObject[];
  /** `metadata/annotations.yaml`. */
  readonly annotations: JsonObject;
  /** `alm-examples`; empty where it is not a list of objects. */
  readonly examples: readonly JsonObject[];
  /** Files that are no YAML, and why. */
  readonly unreadable: readonly string[];
}

export interface Manifest {
  readonly path: string;
  readonly object: JsonObject;
  /** How many documents the file has; tools read the first alone. */
  readonly documents: number;
}

export function loadBundle(files: BundleFiles): LoadedBundle {
  const unreadable: string[] = [];
  const documentsOf = (path: string, text: string): readonly unknown[] => {
    try {
      return loadAll(text);
    } catch (error) {
      unreadable.push(`${path}: ${describeError(error)}`);
      return [];
    }
  };
  const manifests = [...files]
    .filter(([path]) => path.startsWith('manifests/'))
    .map(([path, text]) => {
      const documents = documentsOf(path, text);
      const [first] = documents;
      return { path, object: isJsonObject(first) ? first : {}, documents: documents.length };
    });
  const ofKind = (kind: string): readonly JsonObject[] =>
    manifests.map(({ object }) => object).filter((object) => textAt(object, 'kind') === kind);
  const [csv = {}] = ofKind('ClusterServiceVersion');
  return {
    files,
    manifests,
    csv,
    definitions: ofKind('CustomResourceDefinition'),
    annotations: annotationsOf(files),
    examples: examplesOf(csv),
    unreadable,
  };
}

/** As the framework does: the first file of `metadata/` with annotations in it. */
function annotationsOf(files: BundleFiles): JsonObject {
  for (const [path, text] of files) {
    if (!path.startsWith('metadata/')) continue;
    const annotations = at(load(text), 'annotations');
    if (isJsonObject(annotations)) return annotations;
  }
  return {};
}

function examplesOf(csv: JsonObject): readonly JsonObject[] {
  const parsed = parseJson(textAt(csv, 'metadata', 'annotations', 'alm-examples'));
  return Array.isArray(parsed) ? parsed.filter(isJsonObject) : [];
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A kind in one of its versions, `group/version, Kind=kind`, by which things are compared. */
export function gvk(group: string, version: string, kind: string): string {
  return `${group}/${version}, Kind=${kind}`;
}

export function gvkOfObject(object: JsonObject): string {
  const [group = '', version] = textAt(object, 'apiVersion').split('/');
  return version === undefined ? gvk('', group, textAt(object, 'kind')) : gvk(group, version, textAt(object, 'kind'));
}

/** The owned kinds of the ClusterServiceVersion. */
export function ownedKinds({ csv }: LoadedBundle): readonly JsonObject[] {
  return listAt(csv, 'spec', 'customresourcedefinitions', 'owned').filter(isJsonObject);
}

/** As the framework derives it: the group is what follows the first dot of the definition's name. */
export function gvkOfOwned(owned: JsonObject): string {
  const name = textAt(owned, 'name');
  const dot = name.indexOf('.');
  return gvk(dot < 0 ? name : name.slice(dot + 1), textAt(owned, 'version'), textAt(owned, 'kind'));
}

/** Every version of a definition. */
export function gvksOfDefinition(definition: JsonObject): readonly string[] {
  return listAt(definition, 'spec', 'versions').map((version) =>
    gvk(textAt(definition, 'spec', 'group'), textAt(version, 'name'), textAt(definition, 'spec', 'names', 'kind')),
  );
}

export function deploymentsOf({ csv }: LoadedBundle): readonly JsonObject[] {
  return listAt(csv, 'spec', 'install', 'spec', 'deployments').filter(isJsonObject);
}

/** The rules of `permissions` and `clusterPermissions`. */
export function permissionRules({ csv }: LoadedBundle): readonly JsonObject[] {
  const spec = objectAt(csv, 'spec', 'install', 'spec');
  return [...listAt(spec, 'permissions'), ...listAt(spec, 'clusterPermissions')]
    .flatMap((permissions) => listAt(permissions, 'rules'))
    .filter(isJsonObject);
}
