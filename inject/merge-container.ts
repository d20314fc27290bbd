import { isJsonObject } from '../config/admission-review.ts';
import type { Container, JsonObject } from './pod.ts';

/** Lists whose entries are told apart by a field, as in Kubernetes' strategic merge patch of core/v1 Container. */
const mergeKeys: Readonly<Record<string, string>> = {
  env: 'name',
  ports: 'containerPort',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
};

/** Image that stands for the template's own in a container that a user defines (Istio's convention). */
const automaticImage = 'auto';

/** The template with what a user's container of the same name says over it. */
export function mergeContainer(template: Container, custom: Container): Container {
  const { image, ...rest } = custom;
  const own = image === undefined || image === automaticImage ? {} : { image };
  return { ...template, ...mergeObjects(template, { ...rest, ...own }), name: template.name };
}

function mergeObjects(base: JsonObject, over: JsonObject): JsonObject {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = mergeValues(key, base[key], value);
  return merged;
}

function mergeValues(key: string, base: unknown, over: unknown): unknown {
  if (isJsonObject(base) && isJsonObject(over)) return mergeObjects(base, over);
  const mergeKey = mergeKeys[key];
  if (mergeKey === undefined || !Array.isArray(base) || !Array.isArray(over)) return over;
  const added: readonly unknown[] = over;
  const replaced = new Map<unknown, unknown>();
  for (const entry of [...(base as readonly unknown[]), ...added]) {
    replaced.set(isJsonObject(entry) ? entry[mergeKey] : entry, entry);
  }
  return [...replaced.values()];
}
