import type { KubeObject } from '../lib/kube/object.ts';
import { formatKey } from '../lib/kube/object.ts';
import type { Environment } from './environment.ts';

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

type StoredObject = KubeObject & {
  readonly metadata: { readonly managedFields?: readonly { readonly manager?: string }[] };
};

/** A trace of the mesh on an object, and which. */
export interface Leftover {
  /** `Secret istio-system/istio-ca-secret`. */
  readonly object: string;
  /** Label, annotation, finalizer, owner or field manager. */
  readonly trace: string;
}

/**
 * Looks through every object of every kind that the API server lists (discovery, so that none is forgotten) for whatever
 * tells that Meltemi made or changed it.
 */
export async function findLeftovers({ client }: Environment): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const groupVersion of await groupVersions(client)) {
    const base = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    const { resources } = JSON.parse(await client.raw(base)) as { readonly resources: readonly ApiResource[] };
    for (const { name, kind, verbs } of resources) {
      if (name.includes('/') || !verbs.includes('list')) continue;
      const { items } = JSON.parse(await client.raw(`${base}/${name}`)) as { readonly items: readonly StoredObject[] };
      for (const object of items) {
        const trace = traceOn(object);
        if (trace === undefined) continue;
        found.push({ object: `${kind} ${formatKey(object.metadata.namespace, object.metadata.name)}`, trace });
      }
    }
  }
  return found;
}

async function groupVersions(client: Environment['client']): Promise<readonly string[]> {
  const { groups } = JSON.parse(await client.raw('/apis')) as {
    readonly groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  return ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
}

/** The local cluster marks what belongs to it in the same way. */
const ours = /meltemi(?!-cluster)/;

/** The first trace; undefined on what has nothing to do with the mesh. */
function traceOn({ metadata }: StoredObject): string | undefined {
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [], managedFields = [] } = metadata;
  const texts = [
    ...Object.entries(labels).map(([key, value]) => `label ${key}=${value}`),
    ...Object.keys(annotations).map((key) => `annotation ${key}`),
    ...finalizers.map((name) => `finalizer ${name}`),
    ...ownerReferences.map(({ kind, name }) => `owner ${kind} ${name}`),
    ...managedFields.map(({ manager = '' }) => `field manager ${manager}`),
  ];
  return texts.find((text) => ours.test(text));
}
