import type { MeshControlPlane } from '../crds/mesh-control-plane.ts';
import type { UpgradePhase } from '../crds/mesh-upgrade.ts';
import type { KubeClient } from '../lib/kube/client.ts';
import { runController } from '../lib/kube/controller.ts';
import type { Informer } from '../lib/kube/informer.ts';
import type { Condition, KubeObject, ObjectRef } from '../lib/kube/object.ts';
import { formatKey } from '../lib/kube/object.ts';
import type { Resource } from '../lib/kube/resources.ts';
import { createWorkQueue } from '../lib/kube/work-queue.ts';
import type { Logger } from '../lib/logger.ts';
import { fieldManager } from './names.ts';
import { conditionTypes, reasons } from './reconcile/conditions.ts';
import { typeOf } from './type-meta.ts';

/** operators.coreos.com/v2 OperatorCondition: what an operator tells OLM. OLM copies it to the status and heeds it. */
export interface OperatorCondition extends KubeObject {
  readonly spec?: { readonly conditions?: readonly Condition[] };
}

export const operatorConditions: Resource<OperatorCondition> = {
  group: 'operators.coreos.com',
  version: 'v2',
  plural: 'operatorconditions',
  kind: 'OperatorCondition',
  namespaced: true,
};

/** Type of the condition that holds OLM back from replacing this operator while it is False. */
export const upgradeableType = 'Upgradeable';

export type UpgradeableVerdict = Pick<Condition, 'status' | 'reason' | 'message'>;

/** Something about a control plane that another operator should not come into the middle of; undefined for nothing. */
type Undertaking = (controlPlane: MeshControlPlane) => Omit<UpgradeableVerdict, 'status'> | undefined;

/** What has ended, or goes on only when somebody changes something: a newer operator may be what is needed. */
const restingPhases: readonly UpgradePhase[] = ['Failed', 'RolledBack', 'Completed'];

const undertakings: readonly Undertaking[] = [
  ({ metadata, status }) => {
    const phase = status?.upgrade?.phase;
    if (phase === undefined || restingPhases.includes(phase)) return undefined;
    return {
      reason: reasons.upgradeInProgress,
      message: `an upgrade of MeshControlPlane ${metadata.name} is under way`,
    };
  },
  // Ends by itself: what does not become ready in time is no longer progressing.
  ({ metadata, status }) => {
    const isRollingOut = status?.conditions?.some(
      ({ type, status: is, reason }) =>
        type === conditionTypes.progressing && is === 'True' && reason === reasons.rolloutInProgress,
    );
    if (isRollingOut !== true) return undefined;
    return {
      reason: reasons.rolloutInProgress,
      message: `istiod of MeshControlPlane ${metadata.name} is being rolled out`,
    };
  },
];

/** Whether this operator may be replaced by another version now. The first control plane by name speaks for all. */
export function upgradeable(controlPlanes: readonly MeshControlPlane[]): UpgradeableVerdict {
  const byName = controlPlanes.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const undertaking of undertakings) {
    for (const controlPlane of byName) {
      const found = undertaking(controlPlane);
      if (found !== undefined) return { status: 'False', ...found };
    }
  }
  return { status: 'True', reason: reasons.settled, message: 'nothing is under way' };
}

/**
 * Writes the verdict, unless the object says so already. OLM grants the operator to read and patch this one object.
 * @throws Error when there is no such object; OLM makes it.
 */
export async function reportUpgradeable(
  client: KubeClient,
  ref: ObjectRef,
  verdict: UpgradeableVerdict,
  now: Date,
): Promise<void> {
  const present = await client.get(operatorConditions, ref);
  if (present === undefined) {
    throw new Error(`OperatorCondition ${formatKey(ref.namespace, ref.name)} is not there; OLM has to make it`);
  }
  const before = present.spec?.conditions?.find(({ type }) => type === upgradeableType);
  if (before?.status === verdict.status && before.reason === verdict.reason && before.message === verdict.message) {
    return;
  }
  const lastTransitionTime =
    before?.status === verdict.status ? before.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
  const { namespace, name } = ref;
  const object = {
    ...typeOf(operatorConditions),
    metadata: { ...(namespace === undefined ? {} : { namespace }), name },
    spec: { conditions: [{ type: upgradeableType, ...verdict, lastTransitionTime }] },
  };
  await client.apply(operatorConditions, object, { fieldManager, force: true });
}

export interface OperatorConditionContext {
  readonly client: KubeClient;
  /** The OperatorCondition of this operator. */
  readonly ref: ObjectRef;
  readonly controlPlanes: Pick<Informer<MeshControlPlane>, 'store' | 'onChange'>;
  readonly now: () => Date;
  readonly logger: Logger;
}

/**
 * Keeps the OperatorCondition in step with the MeshControlPlanes until the signal aborts. What cannot be written is
 * tried again; the API server is asked only when the verdict is another one.
 */
export async function keepOperatorCondition(context: OperatorConditionContext, signal: AbortSignal): Promise<void> {
  const { client, ref, controlPlanes, now, logger } = context;
  const key = formatKey(ref.namespace, ref.name);
  const queue = createWorkQueue({ name: operatorConditions.plural, maxDelayMs: 60_000 });
  const look = (): void => queue.add(key);
  const unsubscribe = controlPlanes.onChange({ added: look, updated: look, deleted: look });
  look();
  let reported = '';
  const reconcile = async (): Promise<object> => {
    const verdict = upgradeable(controlPlanes.store.list());
    const text = JSON.stringify(verdict);
    if (text === reported) return {};
    await reportUpgradeable(client, ref, verdict, now());
    reported = text;
    logger.info('told OLM whether this operator may be upgraded', { operatorCondition: key, ...verdict });
    return {};
  };
  try {
    await runController({ name: operatorConditions.plural, queue, reconcile, logger, signal });
  } finally {
    unsubscribe();
  }
}
