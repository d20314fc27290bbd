import { isJsonObject } from '../config/admission-review.ts';

/**
 * The parts of a pod (core/v1) that injection reads or writes. Pods are plain JSON: every other field is carried along
 * untouched, whatever version of Kubernetes it belongs to.
 */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface ContainerPort extends JsonObject {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

export interface Container extends JsonObject {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly ContainerPort[];
  readonly env?: readonly JsonObject[];
  readonly volumeMounts?: readonly JsonObject[];
  readonly restartPolicy?: string;
  readonly livenessProbe?: JsonObject;
  readonly readinessProbe?: JsonObject;
  readonly startupProbe?: JsonObject;
  readonly securityContext?: JsonObject;
}

export interface Volume extends JsonObject {
  readonly name: string;
}

export interface OwnerReference extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

export interface PodMetadata extends JsonObject {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

export interface PodSpec extends JsonObject {
  readonly hostNetwork?: boolean;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly { readonly name: string }[];
  readonly securityContext?: JsonObject;
}

export interface Pod extends JsonObject {
  readonly metadata: PodMetadata;
  readonly spec: PodSpec;
}

/** Reads JSON as a pod, as far as injection relies on it; a sentence that says what is wrong where it is none. */
export function readPod(value: unknown): Pod | string {
  if (!isJsonObject(value)) return 'the object is no pod: it must be a JSON object';
  const { metadata = {}, spec } = value;
  const problem = checkMetadata(metadata) ?? checkSpec(spec);
  if (problem !== undefined || !isJsonObject(metadata) || !isJsonObject(spec)) return problem ?? 'the object is no pod';
  const checked = {
    ...value,
    metadata: withoutNull(metadata, ['labels', 'annotations', 'ownerReferences']),
    spec: withoutNull(spec, ['initContainers', 'volumes']),
  };
  // Checked above, field by field as far as it is read.
  return checked as unknown as Pod;
}

/** Null is how some clients write an empty list. */
function withoutNull(object: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key, value]) => value !== null || !fields.includes(key)));
}

function checkMetadata(metadata: unknown): string | undefined {
  if (!isJsonObject(metadata)) return 'metadata must be an object';
  for (const field of ['labels', 'annotations']) {
    const map = metadata[field] ?? {};
    const good = isJsonObject(map) && Object.values(map).every((text) => typeof text === 'string');
    if (!good) return `metadata.${field} must be a map of strings`;
  }
  for (const field of ['name', 'generateName', 'namespace']) {
    if (!isOptional(metadata[field], 'string')) return `metadata.${field} must be a string`;
  }
  return checkList(metadata.ownerReferences, 'metadata.ownerReferences', ['apiVersion', 'kind', 'name']);
}

function checkSpec(spec: unknown): string | undefined {
  if (!isJsonObject(spec)) return 'spec must be an object';
  if (!Array.isArray(spec.containers)) return 'spec.containers must be a list';
  return (
    checkContainers(spec.containers, 'spec.containers') ??
    checkContainers(spec.initContainers, 'spec.initContainers') ??
    checkList(spec.volumes, 'spec.volumes', ['name']) ??
    checkObjects(spec, 'spec', ['securityContext'])
  );
}

function checkContainers(containers: unknown, path: string): string | undefined {
  const problem = checkList(containers, path, ['name']);
  if (problem !== undefined || !Array.isArray(containers)) return problem;
  for (const [index, container] of containers.filter(isJsonObject).entries()) {
    const here = `${path}[${String(index)}]`;
    const wrong =
      checkList(container.ports, `${here}.ports`, []) ??
      checkList(container.env, `${here}.env`, ['name']) ??
      checkList(container.volumeMounts, `${here}.volumeMounts`, ['name']) ??
      checkObjects(container, here, ['livenessProbe', 'readinessProbe', 'startupProbe', 'securityContext']);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** A list of objects, each with the given fields as strings; it may be absent. */
function checkList(value: unknown, path: string, fields: readonly string[]): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) return `${path} must be a list`;
  for (const [index, entry] of value.entries()) {
    if (!isJsonObject(entry)) return `${path}[${String(index)}] must be an object`;
    const missing = fields.find((field) => typeof entry[field] !== 'string');
    if (missing !== undefined) return `${path}[${String(index)}].${missing} must be a string`;
  }
  return undefined;
}

function checkObjects(object: JsonObject, path: string, fields: readonly string[]): string | undefined {
  const wrong = fields.find((field) => (object[field] ?? undefined) !== undefined && !isJsonObject(object[field]));
  return wrong === undefined ? undefined : `${path}.${wrong} must be an object`;
}

function isOptional(value: unknown, type: 'string'): boolean {
  return value === undefined || value === null || typeof value === type;
}

/** Every container that goes on running: the application's, and its native sidecars. */
export function runningContainers(spec: PodSpec): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')];
}

/** `namespace/name` for messages; a pod that is about to be made may have only the beginning of its name. */
export function describePod(pod: Pod, namespace: string): string {
  const { name, generateName } = pod.metadata;
  return `${namespace}/${name ?? `${generateName ?? ''}*`}`;
}
