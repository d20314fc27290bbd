import { createHash } from 'node:crypto';
import type { KubeObject } from './object.ts';
import { sameQuantity } from './quantity.ts';

/**
 * Whether server-side apply of `desired` would change nothing of it in `live`: every field that `desired` names has
 * that value. What `live` has beyond it (defaults, status, fields and list elements of other managers) does not count.
 *
 * What cannot be seen by looking at both is a field that `desired` named earlier and does not name any more. Apply
 * what `stampApplied` returns, and compare with that: its annotation changes with each change of the wish.
 */
export function isApplied(desired: KubeObject, live: KubeObject): boolean {
  return Object.entries(withEncodedStringData(desired))
    .filter(([name]) => name !== 'apiVersion' && name !== 'kind')
    .every(([name, value]) => isSubset(value, property(live, name), [name]));
}

/** Name of the annotation that `stampApplied` sets. */
export const appliedHashAnnotation = 'meltemi.dev/applied-hash';

/** `object` with an annotation that is a hash of all its content, in which the order of keys does not count. */
export function stampApplied<T extends KubeObject>(object: T): T {
  const hash = createHash('sha256').update(canonicalJson(object)).digest('hex').slice(0, 16);
  const annotations = { ...object.metadata.annotations, [appliedHashAnnotation]: hash };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

/**
 * The fields that identify an element of a list (`x-kubernetes-list-map-keys` of the built-in kinds that we apply), by
 * the end of the list's path. Lists that are not here are atomic: the same elements in the same order.
 */
const listKeys: ReadonlyMap<string, readonly string[]> = new Map([
  ['metadata.ownerReferences', ['uid']],
  ['spec.containers', ['name']],
  ['spec.initContainers', ['name']],
  ['spec.volumes', ['name']],
  ['spec.imagePullSecrets', ['name']],
  ['spec.hostAliases', ['ip']],
  ['spec.topologySpreadConstraints', ['topologyKey', 'whenUnsatisfiable']],
  ['containers.env', ['name']],
  ['initContainers.env', ['name']],
  ['containers.volumeMounts', ['mountPath']],
  ['initContainers.volumeMounts', ['mountPath']],
  ['containers.ports', ['containerPort', 'protocol']],
  ['initContainers.ports', ['containerPort', 'protocol']],
  ['spec.ports', ['port', 'protocol']],
  ['status.conditions', ['type']],
  ['webhooks', ['name']],
  ['webhooks.matchConditions', ['name']],
  ['secrets', ['name']],
  ['imagePullSecrets', ['name']],
]);

/** Lists that are sets of plain values: others may have put more into them. */
const setLists: ReadonlySet<string> = new Set(['metadata.finalizers']);

/** Defaults of fields that identify list elements, so that leaving them out finds the element. */
const keyDefaults: Readonly<Record<string, unknown>> = { protocol: 'TCP' };

/** Maps whose values are quantities. */
const quantityMaps: ReadonlySet<string> = new Set(['limits', 'requests', 'hard', 'capacity', 'overhead']);
const quantityFields: ReadonlySet<string> = new Set(['sizeLimit', 'averageValue', 'divisor']);

const plainMaps: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'data',
  'binaryData',
  'matchLabels',
  'nodeSelector',
  'selector',
  'limits',
  'requests',
]);
const plainBooleans: ReadonlySet<string> = new Set([
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'readOnly',
  'stdin',
  'stdinOnce',
  'tty',
  'paused',
  'publishNotReadyAddresses',
]);

type Path = readonly string[];

function isSubset(desired: unknown, live: unknown, path: Path): boolean {
  if (desired === live) return true;
  if (live === undefined || live === null) return isLeftOut(desired, path);
  if (Array.isArray(desired)) return Array.isArray(live) && isSubsetList(desired, live, path);
  if (isRecord(desired)) {
    return (
      isRecord(live) && Object.entries(desired).every(([name, value]) => isSubset(value, live[name], [...path, name]))
    );
  }
  // Apply reads null as "not mine".
  if (desired === undefined || desired === null) return true;
  return isQuantity(path) && sameQuantity(desired, live);
}

function isSubsetList(desired: readonly unknown[], live: readonly unknown[], path: Path): boolean {
  const name = path.slice(-2).join('.');
  if (setLists.has(name)) return desired.every((element) => live.includes(element));
  const keys = listKeys.get(name) ?? listKeys.get(path.join('.'));
  if (keys === undefined) {
    return desired.length === live.length && desired.every((element, i) => isSubset(element, live[i], path));
  }
  return desired.every((element) => {
    const match = live.find((candidate) =>
      keys.every((key) => keyOfElement(element, key) === keyOfElement(candidate, key)),
    );
    return match !== undefined && isSubset(element, match, path);
  });
}

function keyOfElement(element: unknown, key: string): unknown {
  return property(element, key) ?? keyDefaults[key];
}

function isQuantity(path: Path): boolean {
  return quantityMaps.has(path.at(-2) ?? '') || quantityFields.has(path.at(-1) ?? '');
}

/**
 * Whether the server leaves out this value when it stores the object. An empty struct and a false behind a pointer are
 * kept, so only maps and plain booleans are taken for left out.
 */
function isLeftOut(value: unknown, path: Path): boolean {
  if (value === undefined || value === null || value === 0 || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  const name = path.at(-1) ?? '';
  if (value === false) return plainBooleans.has(name);
  return isRecord(value) && Object.keys(value).length === 0 && plainMaps.has(name);
}

/** A Secret's `stringData` can be written but not read: it appears in `data`, as base64. */
function withEncodedStringData(object: KubeObject): Readonly<Record<string, unknown>> {
  const fields: Readonly<Record<string, unknown>> = { ...object };
  const { stringData, ...rest } = fields;
  if (!isRecord(stringData)) return fields;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ]);
  const data = isRecord(rest['data']) ? rest['data'] : {};
  return { ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}

function property(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON in which the order of keys does not count. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    isRecord(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}
