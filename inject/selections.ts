import type { LabelSelector } from '../lib/kube/object.ts';
import { defaultRevision } from '../config/istiod-names.ts';
import { injectionLabels, systemNamespaces } from './names.ts';

/** Pods of some namespaces, by the labels of both: what one webhook of a name is called for. */
export interface InjectionSelection {
  /** First part of the webhook's name, as Istio's. */
  readonly name: 'rev.namespace' | 'rev.object' | 'namespace' | 'object' | 'auto';
  readonly namespaceSelector: LabelSelector;
  readonly objectSelector: LabelSelector;
}

const absent = (key: string) => ({ key, operator: 'DoesNotExist' }) as const;
const oneOf = (key: string, ...values: readonly string[]) => ({ key, operator: 'In', values }) as const;
const noneOf = (key: string, ...values: readonly string[]) => ({ key, operator: 'NotIn', values }) as const;

function selection(
  name: InjectionSelection['name'],
  namespaces: NonNullable<LabelSelector['matchExpressions']>,
  pods: NonNullable<LabelSelector['matchExpressions']>,
): InjectionSelection {
  return { name, namespaceSelector: { matchExpressions: namespaces }, objectSelector: { matchExpressions: pods } };
}

/**
 * Which pods a revision, or another name that leads to one, injects into (Istio, "Installing the Sidecar"). The default revision takes those that name none.
 * No pod is in two selections, be they of one revision or of several, as long as one revision at most has
 * `enableNamespacesByDefault`.
 */
export function injectionSelections(options: {
  readonly revision: string;
  /** Whether namespaces without any label of injection have it. */
  readonly enableNamespacesByDefault: boolean;
}): readonly InjectionSelection[] {
  const { namespace, revision, pod } = injectionLabels;
  const own = oneOf(revision, options.revision);
  const named = [
    selection('rev.namespace', [own, absent(namespace)], [noneOf(pod, 'false')]),
    selection('rev.object', [absent(revision), absent(namespace)], [noneOf(pod, 'false'), own]),
  ];
  const unnamed = [
    selection('namespace', [oneOf(namespace, 'enabled')], [noneOf(pod, 'false')]),
    selection('object', [absent(namespace), absent(revision)], [oneOf(pod, 'true'), absent(revision)]),
  ];
  const auto = selection(
    'auto',
    [absent(namespace), absent(revision), noneOf('kubernetes.io/metadata.name', ...systemNamespaces)],
    [absent(pod), absent(revision)],
  );
  return [
    ...named,
    ...(options.revision === defaultRevision ? unnamed : []),
    ...(options.enableNamespacesByDefault ? [auto] : []),
  ];
}
