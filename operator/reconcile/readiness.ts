import type { Deployment, Pod } from '../../lib/kube/types.ts';
import { labelKeys } from '../names.ts';
import type { Check, Verdict } from './conditions.ts';
import { reasons } from './conditions.ts';
import type { PodProblem } from './pod-problem.ts';
import { podProblems } from './pod-problem.ts';

/** What the state of istiod is judged by. */
export interface ReadinessInput {
  readonly namespace: string;
  readonly deploymentName: string;
  readonly deployment: Deployment | undefined;
  /** Worst first. */
  readonly podProblems: readonly PodProblem[];
  /** Why the webhooks cannot be as they should. */
  readonly webhookProblem: Verdict | undefined;
}

/** Everything that keeps a control plane from being Ready; what comes first speaks for it. */
export const readinessChecks: readonly Check<ReadinessInput>[] = [
  deploymentMissing, // nothing runs
  deploymentUnseen, // Kubernetes has not looked at the newest Deployment yet
  rolloutIncomplete, // pods of an older template still run
  replicasUnavailable, // pods run and do not serve
  webhooksNotRight, // the API server cannot call istiod
];

/** What will hardly pass by itself. */
export const degradationChecks: readonly Check<ReadinessInput>[] = [
  podsNotCreated, // a quota or an admission policy forbids them
  podFailing, // its own words
  rolloutStuck, // Kubernetes itself has given up hope
  replicasLost, // were there, and are not any more
  rootCertificateInvalid,
];

/** What keeps the pods of one istiod from being ready, the worst first; those that are to go do not count. */
export function podProblemsOf(pods: readonly Pod[], revision: string): readonly PodProblem[] {
  return podProblems(
    pods.filter(({ metadata: { labels, deletionTimestamp } }) => {
      return deletionTimestamp === undefined && (labels?.[labelKeys.revision] ?? revision) === revision;
    }),
  );
}

export interface ReplicaCounts {
  readonly desired: number;
  readonly updated: number;
  readonly available: number;
}

export function replicaCounts({ spec, status }: Deployment): ReplicaCounts {
  return {
    desired: spec?.replicas ?? 1,
    updated: status?.updatedReplicas ?? 0,
    available: status?.availableReplicas ?? 0,
  };
}

function waiting(input: ReadinessInput, what: string): string {
  const [worst] = input.podProblems;
  const subject = `Deployment ${input.namespace}/${input.deploymentName}: ${what}`;
  return worst === undefined ? subject : `${subject}; ${worst.message}`;
}

function deploymentMissing(input: ReadinessInput): Verdict | undefined {
  if (input.deployment !== undefined) return undefined;
  return { reason: reasons.istiodNotFound, message: waiting(input, 'not there yet') };
}

function isUnseen({ metadata, status }: Deployment): boolean {
  return (status?.observedGeneration ?? 0) < (metadata.generation ?? 0);
}

function deploymentUnseen(input: ReadinessInput): Verdict | undefined {
  if (input.deployment === undefined || !isUnseen(input.deployment)) return undefined;
  return {
    reason: reasons.rolloutInProgress,
    message: waiting(input, "Kubernetes' deployment controller has not acted on its newest version yet"),
  };
}

function rolloutIncomplete(input: ReadinessInput): Verdict | undefined {
  if (input.deployment === undefined) return undefined;
  const { desired, updated, available } = replicaCounts(input.deployment);
  const total = input.deployment.status?.replicas ?? 0;
  if (updated >= desired && total <= updated) return undefined;
  const what = `${String(updated)} of ${String(desired)} pods are of the newest version, ${String(available)} available`;
  const exceeded = deadlineExceeded(input.deployment);
  return {
    reason: exceeded ? reasons.progressDeadlineExceeded : reasons.rolloutInProgress,
    message: waiting(input, exceeded ? `${what}, and there was no progress for too long` : what),
  };
}

function replicasUnavailable(input: ReadinessInput): Verdict | undefined {
  if (input.deployment === undefined) return undefined;
  const { desired, available } = replicaCounts(input.deployment);
  if (available >= desired) return undefined;
  return {
    reason: deadlineExceeded(input.deployment) ? reasons.progressDeadlineExceeded : reasons.istiodNotReady,
    message: waiting(input, `${String(available)} of ${String(desired)} pods are available`),
  };
}

function webhooksNotRight({ webhookProblem }: ReadinessInput): Verdict | undefined {
  return webhookProblem;
}

/** The deployment controller's own judgement (Deployment condition `Progressing`). */
export function deadlineExceeded(deployment: Deployment): boolean {
  const progressing = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ProgressDeadlineExceeded';
}

function podsNotCreated({ deployment, namespace, deploymentName }: ReadinessInput): Verdict | undefined {
  const failure = deployment?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
  if (failure?.status !== 'True') return undefined;
  const words = [failure.reason, failure.message].filter((part) => part !== undefined && part !== '').join(': ');
  return { reason: reasons.podsNotCreated, message: `Deployment ${namespace}/${deploymentName}: ${words}` };
}

function podFailing({ podProblems }: ReadinessInput): Verdict | undefined {
  const failing = podProblems.find((problem) => problem.failing);
  return failing && { reason: reasons.podFailing, message: failing.message };
}

function rolloutStuck(input: ReadinessInput): Verdict | undefined {
  const verdict = rolloutIncomplete(input) ?? replicasUnavailable(input);
  return verdict?.reason === reasons.progressDeadlineExceeded ? verdict : undefined;
}

function replicasLost(input: ReadinessInput): Verdict | undefined {
  const { deployment } = input;
  if (deployment === undefined || isUnseen(deployment) || rolloutIncomplete(input) !== undefined) return undefined;
  const { desired, available } = replicaCounts(deployment);
  // Until they were all available once, the deployment controller calls it progress.
  const progressing = deployment.status?.conditions?.find(({ type }) => type === 'Progressing');
  const rolledOut = progressing?.reason === 'NewReplicaSetAvailable' || deadlineExceeded(deployment);
  if (available >= desired || !rolledOut) return undefined;
  return {
    reason: reasons.replicasUnavailable,
    message: waiting(input, `${String(available)} of ${String(desired)} pods are available`),
  };
}

function rootCertificateInvalid({ webhookProblem }: ReadinessInput): Verdict | undefined {
  return webhookProblem?.reason === reasons.rootCertificateInvalid ? webhookProblem : undefined;
}
