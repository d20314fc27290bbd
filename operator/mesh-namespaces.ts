import { isEmptySelector, matchesSelector } from '../inject/label-selector.ts';
import type { LabelSelector } from '../lib/kube/object.ts';
import type { Stores } from './reconcile/world.ts';

/**
 * Which namespaces belong to the mesh: they get its root certificate, and their pods can get sidecars. Without a selector
 * all of them do. The namespaces of control planes get the root certificate in any case.
 */

const operators: readonly string[] = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Reads a meta/v1 LabelSelector as JSON. Undefined when it selects everything. Throws an Error that says what is wrong. */
export function parseMeshNamespaces(json: string): LabelSelector | undefined {
  if (json === '') return undefined;
  let selector: unknown;
  try {
    selector = JSON.parse(json);
  } catch (cause) {
    throw new Error('must be a label selector as JSON, such as {"matchLabels":{"mesh":"on"}}', { cause });
  }
  if (!isSelector(selector)) {
    throw new Error(
      'must be a label selector of matchLabels (texts by key) and matchExpressions (key, operator, values)',
    );
  }
  return isEmptySelector(selector) ? undefined : selector;
}

/** Whether a namespace is to have the root certificate of the mesh. One that is not known is not. */
export function isInMesh(
  { namespaces, controlPlanes, meshNamespaces }: Pick<Stores, 'namespaces' | 'controlPlanes' | 'meshNamespaces'>,
  name: string,
): boolean {
  if (meshNamespaces === undefined) return true;
  const namespace = namespaces.get(undefined, name);
  if (namespace === undefined) return false;
  if (matchesSelector(meshNamespaces, namespace.metadata.labels ?? {})) return true;
  return controlPlanes.list().some(({ spec }) => spec.namespace === name);
}

/** What both select. Labels become expressions, since both may ask something of the same one. */
export function bothSelect(one: LabelSelector | undefined, other: LabelSelector | undefined): LabelSelector {
  return { matchExpressions: [...expressions(one), ...expressions(other)] };
}

function expressions({ matchLabels = {}, matchExpressions = [] }: LabelSelector = {}) {
  const labels = Object.entries(matchLabels).map(([key, value]) => ({ key, operator: 'In' as const, values: [value] }));
  return [...matchExpressions, ...labels];
}

function isSelector(value: unknown): value is LabelSelector {
  if (!isRecord(value)) return false;
  const { matchLabels = {}, matchExpressions = [], ...rest } = value;
  return (
    Object.keys(rest).length === 0 &&
    isRecord(matchLabels) &&
    Object.values(matchLabels).every((text) => typeof text === 'string') &&
    Array.isArray(matchExpressions) &&
    matchExpressions.every(isExpression)
  );
}

function isExpression(value: unknown): boolean {
  if (!isRecord(value)) return false;
  const { key, operator, values = [], ...rest } = value;
  if (typeof key !== 'string' || typeof operator !== 'string' || !Array.isArray(values)) return false;
  const needsValues = operator === 'In' || operator === 'NotIn';
  return Object.keys(rest).length === 0 && operators.includes(operator) && needsValues === values.length > 0;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
