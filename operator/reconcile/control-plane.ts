import { meshControlPlanes, meshRevisions } from '../../crds/kinds.ts';
import type { MeshRevision, MeshRevisionStatus } from '../../crds/mesh-revision.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { ReconcileResult } from '../../lib/kube/controller.ts';
import { TerminalError } from '../../lib/kube/controller.ts';
import type { EventRecorder } from '../../lib/kube/events.ts';
import { mutatingWebhookConfigurations } from '../../lib/kube/resources.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OperatorDefaults, Revision } from '../components/revision.ts';
import { injectionWebhookName } from '../names.ts';
import type { ApplyContext } from './apply.ts';
import { prefixOf } from './choose-revisions.ts';
import { conditionTypes, inUseCondition } from './conditions.ts';
import type { Failure, Outcome } from './converge.ts';
import { converge } from './converge.ts';
import { finalize } from './finalize.ts';
import type { Upgrades } from '../upgrade/upgrades.ts';
import type { FreshObjects } from './fresh-objects.ts';
import type { ConvergePlan, Plan } from './plan.ts';
import { plan } from './plan.ts';
import { areUnused, deletePruned } from './prune.ts';
import { revisionStatus } from './revision-status.ts';
import { isServing } from './serving.ts';
import type { Result } from './status.ts';
import { statusOf } from './status.ts';
import type { Stores, World } from './world.ts';
import { gather, revisionObjectOf, revisionsOf } from './world.ts';
import { report } from './write-status.ts';

export interface ControlPlaneContext {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly defaults: OperatorDefaults;
  readonly events: EventRecorder;
  readonly fresh: FreshObjects;
  /** Without it, no workload is moved. */
  readonly upgrades?: Pick<Upgrades, 'observe' | 'carryOut'>;
  readonly now: () => Date;
  readonly logger: Logger;
}

/** Somebody else has to clear the way, and nothing that is watched will tell when they have. */
const lookAgainMs = 30_000;

/** Moves a MeshControlPlane that is to stay towards what its spec asks for, and writes what came of it. */
export async function reconcileControlPlane(context: ControlPlaneContext, name: string): Promise<ReconcileResult> {
  const world = gather(context.stores, context.fresh, name, context.upgrades?.observe(name));
  if (world === undefined) return {};
  const decision = await decide(context, world);
  switch (decision.kind) {
    case 'finalize':
      return {};
    case 'refuse':
      await reportControlPlane(context, world, decision.revision, { kind: 'refused', verdict: decision.verdict });
      return {};
    case 'converge':
      return carryOut(context, world, decision);
  }
}

/** Before revisions go that nothing seems to use, the API server itself is asked: what it does not say keeps them. */
async function decide({ client, defaults, now, logger }: ControlPlaneContext, world: World): Promise<Plan> {
  const decision = plan(world, defaults, { now: now() });
  if (decision.kind !== 'converge' || decision.pruned.length === 0) return decision;
  if (await areUnused(client, decision.pruned, logger)) return decision;
  const kept = plan(world, defaults, { now: now(), keepUnused: true });
  return kept.kind === 'converge' ? { ...kept, lookAgainMs } : kept;
}

async function carryOut(context: ControlPlaneContext, world: World, decision: ConvergePlan): Promise<ReconcileResult> {
  const { client, fresh, stores } = context;
  const controlPlane = world.controlPlane.metadata.name;
  const exists = (other: string): boolean => stores.controlPlanes.get(undefined, other) !== undefined;
  const taken = new Set(world.tags.map(({ metadata }) => injectionWebhookName(metadata.name)));
  const applyContext = { client, fresh, controlPlane, exists, isHandedOver: isWebhookOf(taken) };
  const outcome = await converge(applyContext, decision, world.owned);
  await reportAll(context, world, decision, outcome);
  await context.upgrades?.carryOut(controlPlane, movesOf(decision, outcome));
  if (outcome.failure !== undefined) return afterFailure(outcome.failure, decision.lookAgainMs);
  await deletePruned(client, world, decision.pruned);
  return decision.lookAgainMs === undefined ? {} : { requeueAfterMs: decision.lookAgainMs };
}

/** Nothing is moved forward to what could not be made in full; going back waits for nothing. */
function movesOf({ upgrade }: ConvergePlan, { failure }: Outcome): ConvergePlan['upgrade'] {
  return failure === undefined || upgrade.status?.phase === 'RollingBack' ? upgrade : { ...upgrade, moves: [] };
}

/** The webhooks of a tag go from one control plane to another with the tag, without a moment in which there are none. */
function isWebhookOf(names: ReadonlySet<string>): NonNullable<ApplyContext['isHandedOver']> {
  return ({ resource, object }) => resource === mutatingWebhookConfigurations && names.has(object.metadata.name);
}

async function reportAll(
  context: ControlPlaneContext,
  world: World,
  decision: ConvergePlan,
  outcome: Outcome,
): Promise<void> {
  const statuses = revisionStatuses(context, world, decision, outcome);
  const [active] = decision.revisions;
  const isTrue = (type: string): number =>
    statuses.filter(({ status }) => status.conditions?.some((one) => one.type === type && one.status === 'True'))
      .length;
  const revisions = {
    ...(active === undefined ? {} : { activeRevision: active.record.name }),
    revisions: { total: statuses.length, ready: isTrue(conditionTypes.ready), inUse: isTrue(inUseCondition) },
  };
  const { waiting, isUpToDate, upgrade } = decision;
  await reportControlPlane(context, world, decision.revision, {
    kind: 'converged',
    outcome,
    waiting,
    upgrade: upgrade.status,
    isUpToDate,
    revisions,
  });
  for (const { type, reason, action, note } of upgrade.events) {
    context.events.event({ resource: meshControlPlanes, object: world.controlPlane }, type, reason, action, note);
  }
  for (const { object, status } of statuses) await report(context, meshRevisions, object, status);
}

interface RevisionReport {
  readonly object: MeshRevision;
  readonly status: MeshRevisionStatus;
}

/** Of those that are there by now. */
function revisionStatuses(
  { defaults, now }: ControlPlaneContext,
  world: World,
  { revisions }: ConvergePlan,
  { present }: Outcome,
): readonly RevisionReport[] {
  return revisions.flatMap((live) => {
    const object = revisionObjectOf(world, present, live.record.name);
    if (object === undefined) return [];
    return [{ object, status: revisionStatus(world, defaults, live, { object, present, now: now() }) }];
  });
}

/** `timeMs` is when time alone asks for another look: an upgrade that cannot be carried out has to be taken back then. */
function afterFailure({ next, error, verdict }: Failure, timeMs: number | undefined): ReconcileResult {
  switch (next) {
    case 'wait':
      return { requeueAfterMs: Math.min(lookAgainMs, timeMs ?? lookAgainMs) };
    case 'terminal':
      if (timeMs !== undefined) return { requeueAfterMs: timeMs };
      throw new TerminalError(verdict.message, { cause: error });
    case 'retry':
      throw new Error(verdict.message, { cause: error });
  }
}

/** Takes a deleted MeshControlPlane's objects away. Returns false as long as something is left. */
export async function finalizeControlPlane(context: ControlPlaneContext, name: string): Promise<boolean> {
  const world = gather(context.stores, context.fresh, name);
  if (world === undefined) return true;
  const { revision } = plan(world, context.defaults, { now: context.now() });
  const others = world.siblings.filter((sibling) => isServing(context.stores, sibling));
  const { namespace } = world.controlPlane.spec;
  const finalizing = {
    client: context.client,
    controlPlane: world.controlPlane,
    isLast: others.length === 0,
    isLastOfNamespace: others.every(({ spec }) => spec.namespace !== namespace),
  };
  const revisions = new Set([prefixOf(world), revision.name, ...revisionsOf(world).map(({ spec }) => spec.revision)]);
  const waitingFor = await finalize(finalizing, revision, [...revisions]);
  if (waitingFor === undefined) return true;
  await reportControlPlane(context, world, revision, { kind: 'deleting', waitingFor });
  return false;
}

async function reportControlPlane(
  context: ControlPlaneContext,
  world: World,
  revision: Revision,
  result: Result,
): Promise<void> {
  const status = statusOf(world, revision, result, context.now());
  await report(context, meshControlPlanes, world.controlPlane, status);
}
