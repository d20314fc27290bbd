/** What workloads are to an upgrade. */

export type MovableKind = 'Deployment' | 'StatefulSet' | 'DaemonSet';

export interface WorkloadRef {
  readonly namespace: string;
  readonly kind: MovableKind;
  readonly name: string;
}

/** A workload whose pods have sidecars of the control plane, as it is in the cluster. */
export interface Workload extends WorkloadRef {
  /** Value of `meltemi.dev/revision` in its template. */
  readonly given: string | undefined;
  /** Whether all its pods run what its template asks for, and serve. */
  readonly rolledOut: boolean;
  /** Pods that there should be. */
  readonly desired: number;
  /** Pods that serve, of whatever template. */
  readonly available: number;
  /** Pods that its own rollout may take away before others have come; 0 when it never does. */
  readonly takesDown: number;
  /** The PodDisruptionBudgets that select its pods. */
  readonly budgets: readonly DisruptionBudget[];
  /** Why it cannot be moved, when it cannot. */
  readonly obstacle?: string;
}

export interface DisruptionBudget {
  /** Unique among those of the cluster: `namespace/name`. */
  readonly name: string;
  /** `status.disruptionsAllowed`. */
  readonly allowed: number;
}

/** `Deployment shop/cart`. */
export function labelOf({ kind, namespace, name }: WorkloadRef): string {
  return `${kind} ${namespace}/${name}`;
}

/** The place of a workload in the order in which all are moved, as text: `shop/Deployment/cart`. */
export function placeOf({ namespace, kind, name }: WorkloadRef): string {
  return `${namespace}/${kind}/${name}`;
}

/** By namespace, kind and name; the order of UTF-16 code units, which is the same everywhere. */
export function comparePlaces(a: string, b: string): number {
  const [namespaceA = '', kindA = '', nameA = ''] = a.split('/');
  const [namespaceB = '', kindB = '', nameB = ''] = b.split('/');
  return compare(namespaceA, namespaceB) || compare(kindA, kindB) || compare(nameA, nameB);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function inOrder(workloads: readonly Workload[]): readonly Workload[] {
  return workloads.toSorted((a, b) => comparePlaces(placeOf(a), placeOf(b)));
}
