import type { Condition } from '../../lib/kube/object.ts';

/** What the status of a MeshControlPlane speaks about. `docs/guide/status.md` explains each to users. */
export const conditionTypes = {
  /** Whether every object is as the spec asks for. */
  reconciled: 'Reconciled',
  /** Whether the control plane serves, as the spec asks for. */
  ready: 'Ready',
  /** Whether it is on the way to there. */
  progressing: 'Progressing',
  /** Whether something is wrong that will hardly pass by itself. */
  degraded: 'Degraded',
} as const;

/** Whether a MeshRevision or a MeshRevisionTag is needed. */
export const inUseCondition = 'InUse';

export type ConditionType = (typeof conditionTypes)[keyof typeof conditionTypes] | typeof inUseCondition;

/** Every reason there is. */
export const reasons = {
  reconciled: 'Reconciled',
  ready: 'Ready',
  settled: 'Settled',
  asExpected: 'AsExpected',
  validationError: 'ValidationError',
  nameAlreadyExists: 'NameAlreadyExists',
  namespaceTerminating: 'NamespaceTerminating',
  reconcileError: 'ReconcileError',
  waitingForRootCertificate: 'WaitingForRootCertificate',
  rootCertificateInvalid: 'RootCertificateInvalid',
  rootCertificateConflict: 'RootCertificateConflict',
  istiodNotFound: 'IstiodNotFound',
  istiodNotReady: 'IstiodNotReady',
  rolloutInProgress: 'RolloutInProgress',
  progressDeadlineExceeded: 'ProgressDeadlineExceeded',
  podFailing: 'PodFailing',
  podsNotCreated: 'PodsNotCreated',
  replicasUnavailable: 'ReplicasUnavailable',
  deleting: 'Deleting',
  upgradeInProgress: 'UpgradeInProgress',
  upgradeFailed: 'UpgradeFailed',
  upgradeRolledBack: 'UpgradeRolledBack',
  // Of a MeshRevision.
  active: 'Active',
  target: 'Target',
  usedByPods: 'UsedByPods',
  usedByTag: 'UsedByTag',
  usedByNamespaces: 'UsedByNamespaces',
  notUsed: 'NotUsed',
  superseded: 'Superseded',
  // Of a MeshRevisionTag.
  refNotFound: 'RefNotFound',
  waitingForControlPlane: 'WaitingForControlPlane',
} as const;

export type Reason = (typeof reasons)[keyof typeof reasons];

/** Why something is or is not so: a word for machines and a sentence for people. */
export interface Verdict {
  readonly reason: Reason;
  readonly message: string;
}

/** A named question to the world; undefined when it finds nothing. */
export type Check<Input> = (input: Input) => Verdict | undefined;

/** The first check that finds something speaks for all. */
export function firstFinding<Input>(checks: readonly Check<Input>[], input: Input): Verdict | undefined {
  for (const check of checks) {
    const verdict = check(input);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

export interface ConditionDraft extends Verdict {
  readonly type: ConditionType;
  readonly status: Condition['status'];
}

/** Longest message of a metav1.Condition. */
const maxMessageLength = 32_768;

/** Conditions as they are written: the time of transition changes only when the status does (metav1.Condition). */
export function completeConditions(
  drafts: readonly ConditionDraft[],
  previous: readonly Condition[],
  observedGeneration: number,
  now: Date,
): readonly Condition[] {
  return drafts.map((draft) => {
    const before = previous.find(({ type }) => type === draft.type);
    const lastTransitionTime =
      before?.status === draft.status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
    const { type, status, reason, message } = draft;
    return {
      type,
      status,
      reason,
      message: message.slice(0, maxMessageLength),
      lastTransitionTime,
      observedGeneration,
    };
  });
}
