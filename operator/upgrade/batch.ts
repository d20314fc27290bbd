import type { UpgradeBatch } from '../../crds/mesh-upgrade.ts';
import { amountOf } from './amount.ts';
import type { Step } from './draft.ts';
import { readingsOf, timeText } from './draft.ts';
import { measurementBefore } from './traffic-gates.ts';
import type { Workload } from './workload.ts';
import { inOrder, labelOf, placeOf } from './workload.ts';

/** As the CRD has them. */
const maxListed = 20;
const maxUnavailableListed = 100;

/** The batch after `former`; undefined when everything that can be moved is moved. */
export function nextBatch(step: Step, former: UpgradeBatch | undefined): UpgradeBatch | undefined {
  const { input, status, now } = step;
  const movable = inOrder(input.workloads).filter(({ obstacle }) => obstacle === undefined);
  const remaining = movable.filter(({ given }) => given !== status.toRevision);
  const members = firstOf(step, movable, remaining);
  const last = members.at(-1);
  if (last === undefined) return undefined;
  const index = (former?.index ?? 0) + 1;
  const unavailable = members.filter(({ available, desired }) => available < desired).map(labelOf);
  const readings = readingsOf(step);
  const before = measurementBefore(members, readings);
  const rejections = readings?.rejections?.total;
  return {
    index,
    of: index + furtherBatches(step, movable, remaining.slice(members.length)),
    through: placeOf(last),
    startTime: timeText(now),
    progressTime: timeText(now),
    arrived: 0,
    size: members.length,
    workloads: members.slice(0, maxListed).map(labelOf),
    unavailableBefore: [...new Set([...(former?.unavailableBefore ?? []), ...unavailable])].slice(
      0,
      maxUnavailableListed,
    ),
    ...(rejections === undefined ? {} : { rejectionsBefore: rejections }),
    ...(before === undefined ? {} : { before }),
  };
}

/** A share is one of all workloads (or namespaces), so that the batches are of one size. */
function firstOf({ input }: Step, all: readonly Workload[], remaining: readonly Workload[]): readonly Workload[] {
  const { by, size } = input.spec.batches;
  if (by === 'Workload') return remaining.slice(0, amountOf(size, all.length, 'up'));
  const chosen = namespacesOf(remaining).slice(0, amountOf(size, namespacesOf(all).length, 'up'));
  return remaining.filter(({ namespace }) => chosen.includes(namespace));
}

function furtherBatches({ input }: Step, all: readonly Workload[], later: readonly Workload[]): number {
  const { by, size } = input.spec.batches;
  if (by === 'Workload') return Math.ceil(later.length / amountOf(size, all.length, 'up'));
  return Math.ceil(namespacesOf(later).length / amountOf(size, namespacesOf(all).length, 'up'));
}

function namespacesOf(workloads: readonly Workload[]): readonly string[] {
  return [...new Set(workloads.map(({ namespace }) => namespace))];
}
