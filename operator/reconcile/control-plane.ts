import { meshControlPlanes } from '../../crds/kinds.ts';
import type { MeshControlPlane, MeshControlPlaneStatus } from '../../crds/mesh-control-plane.ts';
import type { KubeClient } from '../../lib/kube/client.ts';
import type { ReconcileResult } from '../../lib/kube/controller.ts';
import { TerminalError } from '../../lib/kube/controller.ts';
import { isNotFound } from '../../lib/kube/error.ts';
import type { EventRecorder } from '../../lib/kube/events.ts';
import type { Logger } from '../../lib/logger.ts';
import type { OperatorDefaults, Revision } from '../components/revision.ts';
import { fieldManager } from '../names.ts';
import { announcements } from './announcements.ts';
import type { Failure } from './converge.ts';
import { converge } from './converge.ts';
import { finalize } from './finalize.ts';
import type { FreshObjects } from './fresh-objects.ts';
import { plan } from './plan.ts';
import type { Result } from './status.ts';
import { saysTheSame, statusOf } from './status.ts';
import type { Stores, World } from './world.ts';
import { gather } from './world.ts';
import { typeOf } from '../type-meta.ts';

export interface ControlPlaneContext {
  readonly client: KubeClient;
  readonly stores: Stores;
  readonly defaults: OperatorDefaults;
  readonly events: EventRecorder;
  readonly fresh: FreshObjects;
  readonly now: () => Date;
  readonly logger: Logger;
}

/** Somebody else has to clear the way, and nothing that is watched will tell when they have. */
const lookAgainMs = 30_000;

const transition = 'the state of a MeshControlPlane has changed';

/** Moves a MeshControlPlane that is to stay towards what its spec asks for, and writes what came of it. */
export async function reconcileControlPlane(context: ControlPlaneContext, name: string): Promise<ReconcileResult> {
  const world = gather(context.stores, context.fresh, name);
  if (world === undefined) return {};
  const decision = plan(world, context.defaults);
  switch (decision.kind) {
    case 'finalize':
      return {};
    case 'refuse':
      await report(context, world, decision.revision, { kind: 'refused', verdict: decision.verdict });
      return {};
    case 'converge': {
      const exists = (other: string): boolean => context.stores.controlPlanes.get(undefined, other) !== undefined;
      const { client, fresh } = context;
      const applyContext = { client, fresh, controlPlane: name, exists };
      const outcome = await converge(applyContext, decision, world.owned);
      const { revision, waiting } = decision;
      await report(context, world, revision, { kind: 'converged', outcome, waiting });
      return outcome.failure === undefined ? {} : afterFailure(outcome.failure);
    }
  }
}

function afterFailure({ next, error, verdict }: Failure): ReconcileResult {
  switch (next) {
    case 'wait':
      return { requeueAfterMs: lookAgainMs };
    case 'terminal':
      throw new TerminalError(verdict.message, { cause: error });
    case 'retry':
      throw new Error(verdict.message, { cause: error });
  }
}

/** Takes a deleted MeshControlPlane's objects away. Returns false as long as something is left. */
export async function finalizeControlPlane(context: ControlPlaneContext, name: string): Promise<boolean> {
  const world = gather(context.stores, context.fresh, name);
  if (world === undefined) return true;
  const { revision } = plan(world, context.defaults);
  const isLast = world.siblings.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const waitingFor = await finalize({ client: context.client, isLast }, revision);
  if (waitingFor === undefined) return true;
  await report(context, world, revision, { kind: 'deleting', waitingFor });
  return false;
}

async function report(context: ControlPlaneContext, world: World, revision: Revision, result: Result): Promise<void> {
  const { controlPlane } = world;
  const status = statusOf(world, revision, result, context.now());
  if (saysTheSame(status, controlPlane.status)) return;
  const written = await writeStatus(context.client, controlPlane, status);
  if (written === undefined) return;
  context.fresh.remember(controlPlane, written);
  const previous = controlPlane.status?.conditions ?? [];
  for (const { type, reason, action, note } of announcements(previous, status.conditions ?? [])) {
    context.events.event({ resource: meshControlPlanes, object: controlPlane }, type, reason, action, note);
    const fields = { controlPlane: controlPlane.metadata.name, reason, note };
    if (type === 'Warning') context.logger.warn(transition, fields);
    else context.logger.info(transition, fields);
  }
}

/** By server-side apply: conditions that others have put there stay. Undefined when the object is gone. */
export async function writeStatus(
  client: KubeClient,
  { metadata }: Pick<MeshControlPlane, 'metadata'>,
  status: MeshControlPlaneStatus,
): Promise<MeshControlPlane | undefined> {
  const { name, uid } = metadata;
  const object = { ...typeOf(meshControlPlanes), metadata: { name, ...(uid === undefined ? {} : { uid }) }, status };
  try {
    return await client.apply(meshControlPlanes, object, { fieldManager, force: true, subresource: 'status' });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
