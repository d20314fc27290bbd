import type { ComponentStatus, MeshControlPlaneStatus, UpgradeStatus } from '../../crds/mesh-control-plane.ts';
import type { Resource } from '../../lib/kube/resources.ts';
import {
  deployments,
  mutatingWebhookConfigurations,
  validatingWebhookConfigurations,
} from '../../lib/kube/resources.ts';
import type { Lease } from '../../lib/kube/types.ts';
import type { Revision } from '../components/revision.ts';
import { annotationKeys, injectionWebhookName, istiodName, labelKeys, validationWebhookName } from '../names.ts';
import type { ConditionDraft, Verdict } from './conditions.ts';
import { completeConditions, conditionTypes, firstFinding, reasons } from './conditions.ts';
import type { Outcome } from './converge.ts';
import type { ReadinessInput } from './readiness.ts';
import { degradationChecks, podProblemsOf, readinessChecks, replicaCounts } from './readiness.ts';
import { rootCertificateVerdict } from './plan.ts';
import type { LiveObject, World } from './world.ts';
import { deploymentOf } from './world.ts';

/** What a reconcile came to, as far as the status tells of it. */
export type Result =
  | { readonly kind: 'deleting'; readonly waitingFor: string }
  | { readonly kind: 'refused'; readonly verdict: Verdict }
  | {
      readonly kind: 'converged';
      readonly outcome: Outcome;
      readonly waiting: Verdict | undefined;
      /** The next `status.upgrade`. */
      readonly upgrade?: UpgradeStatus | undefined;
      /** Whether the active revision is what the spec asks for. */
      readonly isUpToDate?: boolean;
      readonly revisions?: RevisionCounts;
    };

type Converged = Extract<Result, { readonly kind: 'converged' }>;

/** The part of the status that tells of revisions. */
export type RevisionCounts = Pick<MeshControlPlaneStatus, 'activeRevision' | 'revisions'>;

/** The whole status; pure. Times of transition are kept from the status that the object has. */
export function statusOf(world: World, revision: Revision, result: Result, now: Date): MeshControlPlaneStatus {
  const { controlPlane } = world;
  const generation = controlPlane.metadata.generation ?? 0;
  const objects = result.kind === 'converged' ? merge(world.owned, result.outcome.present) : world.owned;
  const readiness = readinessInput(world, revision, objects, result);
  const drafts = conditionsOf(world, readiness, result);
  const isReady = drafts.some(({ type, status }) => type === conditionTypes.ready && status === 'True');
  const version = isReady ? revision.version : controlPlane.status?.version;
  return {
    observedGeneration: generation,
    conditions: completeConditions(drafts, controlPlane.status?.conditions ?? [], generation, now),
    revision: revision.name,
    ...(version === undefined ? {} : { version }),
    ...revisionsPart(world, result),
    components: objects.length === 0 ? [] : componentsOf(revision, objects, readiness),
    proxies: proxiesOf(world, revision),
  };
}

/** What is not looked at stays as it was. */
function revisionsPart({ controlPlane: { status = {} } }: World, result: Result): RevisionPart {
  const before = {
    ...(status.activeRevision === undefined ? {} : { activeRevision: status.activeRevision }),
    ...(status.revisions === undefined ? {} : { revisions: status.revisions }),
    ...(status.upgrade === undefined ? {} : { upgrade: status.upgrade }),
  };
  if (result.kind !== 'converged') return before;
  const { upgrade, revisions } = result;
  return { ...before, ...revisions, ...(upgrade === undefined ? {} : { upgrade }) };
}

type RevisionPart = Pick<MeshControlPlaneStatus, 'activeRevision' | 'revisions' | 'upgrade'>;

/** The objects of the informers, with those that were just written in their place. */
function merge(owned: readonly LiveObject[], present: readonly LiveObject[]): readonly LiveObject[] {
  const key = ({ resource, object: { metadata } }: LiveObject): string =>
    `${resource.group}/${resource.plural}/${metadata.namespace ?? ''}/${metadata.name}`;
  return [...new Map([...owned, ...present].map((live) => [key(live), live])).values()];
}

function readinessInput(
  world: World,
  revision: Revision,
  objects: readonly LiveObject[],
  result: Result,
): ReadinessInput {
  return {
    namespace: revision.namespace,
    deploymentName: istiodName(revision.name),
    deployment: deploymentOf(objects, revision),
    podProblems: podProblemsOf(world.pods, revision.name),
    webhookProblem: result.kind === 'converged' ? rootCertificateVerdict(world) : undefined,
  };
}

type Draft = Omit<ConditionDraft, 'type'>;

function conditionsOf(world: World, readiness: ReadinessInput, result: Result): readonly ConditionDraft[] {
  const ready = readyDraft(readiness, result);
  return [
    { type: conditionTypes.reconciled, ...reconciledDraft(result) },
    { type: conditionTypes.ready, ...ready },
    { type: conditionTypes.progressing, ...progressingDraft(ready, result) },
    { type: conditionTypes.degraded, ...degradedDraft(world, readiness, result) },
  ];
}

const isTrue = (reason: Verdict['reason'], message: string): Draft => ({ status: 'True', reason, message });
const isFalse = ({ reason, message }: Verdict): Draft => ({ status: 'False', reason, message });

function deletingVerdict(waitingFor: string): Verdict {
  return { reason: reasons.deleting, message: `is being deleted; waiting for ${waitingFor}` };
}

/** Why not everything is as the spec asks for. */
function obstacle(result: Result): Verdict | undefined {
  switch (result.kind) {
    case 'deleting':
      return deletingVerdict(result.waitingFor);
    case 'refused':
      return result.verdict;
    case 'converged':
      return result.outcome.failure?.verdict ?? result.waiting ?? upgradeVerdict(result);
  }
}

/** What is to be said of an upgrade: it is under way beside the active revision, or was given up. */
function upgradeVerdict({ upgrade, isUpToDate = true }: Converged): Verdict | undefined {
  if (upgrade === undefined || isUpToDate) return undefined;
  const { phase, message, strategy } = upgrade;
  switch (phase) {
    case 'Completed':
      return undefined;
    case 'Failed':
      return { reason: reasons.upgradeFailed, message };
    case 'RollingBack':
    case 'RolledBack':
      return { reason: reasons.upgradeRolledBack, message };
    case 'Installing':
      // In place, every object is as the spec asks for: what is left is the rollout.
      return strategy === 'InPlace' ? undefined : { reason: reasons.upgradeInProgress, message };
    case 'Waiting':
    case 'Moving':
    case 'Soaking':
    case 'Paused':
      return { reason: reasons.upgradeInProgress, message };
  }
}

/** It stays so until the spec changes. */
function isGivenUp({ upgrade, isUpToDate = true }: Converged): boolean {
  return !isUpToDate && (upgrade?.phase === 'RolledBack' || upgrade?.phase === 'Failed');
}

function upgradeFailure(result: Converged): Verdict | undefined {
  const verdict = upgradeVerdict(result);
  return verdict?.reason === reasons.upgradeInProgress ? undefined : verdict;
}

function reconciledDraft(result: Result): Draft {
  const verdict = obstacle(result);
  return verdict === undefined ? isTrue(reasons.reconciled, 'every object is as the spec asks for') : isFalse(verdict);
}

function readyDraft(readiness: ReadinessInput, result: Result): Draft {
  const verdict = result.kind === 'converged' ? firstFinding(readinessChecks, readiness) : obstacle(result);
  if (verdict !== undefined) return isFalse(verdict);
  const failure = result.kind === 'converged' ? result.outcome.failure : undefined;
  // What runs serves; whether as the spec asks, only the next try will show.
  if (failure !== undefined) return { ...failure.verdict, status: failure.next === 'retry' ? 'Unknown' : 'False' };
  const { available } = readiness.deployment === undefined ? { available: 0 } : replicaCounts(readiness.deployment);
  return isTrue(reasons.ready, `istiod serves, ${String(available)} pods are available`);
}

/** On the way, unless there is nothing to wait for: neither when all is done, nor when nothing more will come. */
function progressingDraft(ready: Draft, result: Result): Draft {
  if (result.kind === 'deleting') return isTrue(reasons.deleting, deletingVerdict(result.waitingFor).message);
  const verdict = obstacle(result);
  const blocked =
    result.kind === 'refused' || (result.outcome.failure !== undefined && result.outcome.failure.next !== 'retry');
  if (blocked && verdict !== undefined) return isFalse(verdict);
  if (ready.status === 'True') {
    return verdict === undefined || (result.kind === 'converged' && isGivenUp(result))
      ? isFalse({ reason: reasons.settled, message: 'nothing is under way' })
      : isTrue(verdict.reason, verdict.message);
  }
  const isStuck = ready.reason === reasons.progressDeadlineExceeded || ready.reason === reasons.rootCertificateInvalid;
  return isStuck ? isFalse(ready) : isTrue(ready.reason, ready.message);
}

function degradedDraft(world: World, readiness: ReadinessInput, result: Result): Draft {
  const verdict = degradation(world, readiness, result);
  return verdict === undefined
    ? isFalse({ reason: reasons.asExpected, message: 'nothing is wrong' })
    : isTrue(verdict.reason, verdict.message);
}

function degradation(world: World, readiness: ReadinessInput, result: Result): Verdict | undefined {
  switch (result.kind) {
    case 'deleting':
      return undefined;
    case 'refused':
      return result.verdict.reason === reasons.namespaceTerminating ? undefined : result.verdict;
    case 'converged':
      return (
        result.outcome.failure?.verdict ??
        upgradeFailure(result) ??
        firstFinding(degradationChecks, readiness) ??
        rootCertificateConflict(world)
      );
  }
}

/** Names at most this many namespaces. */
const maxNamed = 5;

function rootCertificateConflict({ rootCertificateConflicts }: World): Verdict | undefined {
  if (rootCertificateConflicts.length === 0) return undefined;
  const named = rootCertificateConflicts.slice(0, maxNamed).join(', ');
  const more = rootCertificateConflicts.length > maxNamed ? ' and others' : '';
  return {
    reason: reasons.rootCertificateConflict,
    message:
      `ConfigMap istio-ca-root-cert was not made by Meltemi in the namespaces ${named}${more}, so sidecars there cannot ` +
      'trust istiod; if no other mesh needs it, delete it there and it is made anew',
  };
}

function componentsOf(
  revision: Revision,
  objects: readonly LiveObject[],
  readiness: ReadinessInput,
): readonly ComponentStatus[] {
  const exists = (resource: Resource, name: string): boolean =>
    objects.some((live) => live.resource === resource && live.object.metadata.name === name);
  const webhook = (resource: Resource, name: string): ComponentStatus => {
    const problem = readiness.webhookProblem;
    const ready = exists(resource, name) && problem === undefined;
    return { kind: resource.kind, name, ready, ...(problem === undefined ? {} : { message: problem.message }) };
  };
  return [
    deploymentComponent(revision, readiness),
    webhook(mutatingWebhookConfigurations, injectionWebhookName(revision.prefix)),
    webhook(validatingWebhookConfigurations, validationWebhookName(revision.prefix, revision.namespace)),
  ];
}

function deploymentComponent(revision: Revision, readiness: ReadinessInput): ComponentStatus {
  const { deployment } = readiness;
  const verdict = firstFinding(readinessChecks, { ...readiness, webhookProblem: undefined });
  const counts: Partial<ReturnType<typeof replicaCounts>> = deployment === undefined ? {} : replicaCounts(deployment);
  return {
    kind: deployments.kind,
    name: istiodName(revision.name),
    ready: verdict === undefined,
    ...counts,
    ...(verdict === undefined ? {} : { message: verdict.message.slice(0, maxComponentMessage) }),
  };
}

/** As the CRD has it. */
const maxComponentMessage = 4096;

/** What the replicas that still run have reported. */
function proxiesOf(world: World, revision: Revision): NonNullable<MeshControlPlaneStatus['proxies']> {
  const running = new Set(world.pods.map(({ metadata }) => metadata.name));
  const reports = world.leases.filter(
    ({ metadata }) => metadata.labels?.[labelKeys.istiodStatus] === revision.name && running.has(metadata.name),
  );
  const sum = (key: string): number => reports.reduce((total, lease) => total + countOf(lease, key), 0);
  return { connected: sum(annotationKeys.connectedProxies), synced: sum(annotationKeys.syncedProxies) };
}

function countOf({ metadata: { annotations } }: Lease, key: string): number {
  const text = annotations?.[key] ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
