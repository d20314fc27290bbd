import { quantityAmount } from '../../config/syntax/quantity.ts';
import type { MeshControlPlaneSpec } from '../../crds/mesh-control-plane.ts';
import type { Node } from '../../lib/kube/types.ts';
import type { Room } from './facts.ts';

/**
 * A cheap estimate of whether istiod's pods can be placed: how many of them the nodes that they may go to could hold if
 * they were empty. What other pods have asked for is not counted, since it would take reading every pod; so it finds
 * clusters that are too small for certain, and the scheduler finds the others.
 */
export function roomFor(
  { pilot, upgrade }: Pick<MeshControlPlaneSpec, 'pilot' | 'upgrade'>,
  nodes: readonly Node[],
): Room {
  const request = requestOf(pilot.resources.requests);
  const usable = nodes.filter((node) => isUsable(node, pilot));
  const replicas = pilot.autoscaling.enabled ? pilot.autoscaling.minReplicas : pilot.replicas;
  return {
    // Another whole istiod beside the one that runs, or one pod more while pods are replaced one by one.
    wanted: upgrade.strategy === 'Canary' ? 2 * replicas : replicas + 1,
    fitting: usable.reduce((sum, node) => sum + podsOn(node, request), 0),
    schedulableNodes: usable.length,
    request: request.words,
  };
}

interface Request {
  readonly cpu: number;
  readonly memory: number;
  readonly words: string;
}

function requestOf(requests: Readonly<Record<string, number | string>> = {}): Request {
  const { cpu = 0, memory = 0 } = requests;
  return {
    cpu: quantityAmount(cpu) ?? 0,
    memory: quantityAmount(memory) ?? 0,
    words: `${String(cpu)} CPU and ${String(memory)} memory`,
  };
}

function isUsable(
  { metadata, spec, status }: Node,
  { nodeSelector = {}, tolerations = [] }: MeshControlPlaneSpec['pilot'],
): boolean {
  const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
  const isSelected = Object.entries(nodeSelector).every(([key, value]) => metadata.labels?.[key] === value);
  const isTolerated = (spec?.taints ?? []).every(
    (taint) => taint.effect === 'PreferNoSchedule' || tolerations.some((toleration) => tolerates(toleration, taint)),
  );
  return isReady && isSelected && isTolerated && spec?.unschedulable !== true;
}

type Taint = NonNullable<NonNullable<Node['spec']>['taints']>[number];
type Toleration = NonNullable<MeshControlPlaneSpec['pilot']['tolerations']>[number];

/** Kubernetes, "Taints and Tolerations". */
function tolerates({ key = '', operator = 'Equal', value = '', effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== taint.effect) return false;
  if (operator === 'Exists') return key === '' || key === taint.key;
  return key === taint.key && value === (taint.value ?? '');
}

function podsOn({ status }: Node, { cpu, memory }: Request): number {
  const amount = (name: string): number => quantityAmount(status?.allocatable?.[name] ?? 0) ?? 0;
  const byPods = amount('pods');
  const byCpu = cpu === 0 ? byPods : amount('cpu') / cpu;
  const byMemory = memory === 0 ? byPods : amount('memory') / memory;
  return Math.max(0, Math.floor(Math.min(byPods, byCpu, byMemory)));
}
