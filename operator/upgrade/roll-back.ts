import { amountOf } from './amount.ts';
import { isSettled, slotsOf, waitedFor } from './canary.ts';
import { chooseMoves } from './choose-moves.ts';
import type { Draft, Step } from './draft.ts';
import { timeOf, timeText } from './draft.ts';
import type { Workload } from './workload.ts';
import { comparePlaces, inOrder, placeOf } from './workload.ts';

/**
 * One look at workloads that go back to the former revision. Those whose pods do not serve go at once, the others as
 * `maxUnavailable` and their budgets allow; windows hold nothing here. One that does not get ready again is waited for
 * as long as any workload is, and then does not keep the others.
 */
export function goBack(step: Step): Draft {
  const { input, status, now, timeoutMs } = step;
  const { batch, failure, gates } = status;
  const why = failure?.message ?? 'the spec asks for something else';
  const workloads = inOrder(input.workloads);
  const toMove = workloads.filter(({ given }) => given === status.toRevision);
  const ailing = toMove.filter((workload) => !isSettled(workload, batch));
  const overdue =
    batch !== undefined && status.phase === 'RollingBack' && now >= timeOf(batch.progressTime) + timeoutMs;
  const returning = batch === undefined ? [] : returningOf(step, workloads);
  const inFlight = [...ailing, ...(overdue ? [] : returning)];
  if (toMove.length === 0 && (overdue || returning.length === 0)) {
    const message = `everything is back on ${status.fromVersion}: ${why}`;
    return { phase: 'RolledBack', message, batch, gates, failure };
  }
  const slots =
    batch === undefined
      ? amountOf(input.spec.maxUnavailable, 1, 'down') - inFlight.length
      : slotsOf(step, batch, inFlight);
  const chosen = chooseMoves(toMove, slots, formerValue(step), (workload) => ailing.includes(workload));
  const home = workloads.length - toMove.length;
  const isProgress = status.phase !== 'RollingBack' || home !== batch?.arrived || chosen.moves.length > 0;
  const next = batch && { ...batch, arrived: home, progressTime: isProgress ? timeText(now) : batch.progressTime };
  const left = toMove.length + returning.length;
  return {
    phase: 'RollingBack',
    message: `going back to ${status.fromVersion}, ${String(left)} workloads are still to be ready there: ${why}`,
    batch: next,
    gates,
    failure,
    moves: chosen.moves,
    laggards: [...returning.map(waitedFor), ...chosen.held],
    until: next === undefined ? undefined : timeOf(next.progressTime) + timeoutMs,
  };
}

/** Back, and not all of their pods serve yet. */
function returningOf({ status }: Step, workloads: readonly Workload[]): readonly Workload[] {
  const { batch } = status;
  if (batch === undefined) return [];
  return workloads.filter(
    (workload) =>
      workload.given !== status.toRevision &&
      workload.obstacle === undefined &&
      comparePlaces(placeOf(workload), batch.through) <= 0 &&
      !isSettled(workload, batch),
  );
}

/** What the annotation was before: the name of a revision that workloads were once moved to themselves, or nothing. */
function formerValue({ status }: Step): () => string | undefined {
  return () => (status.fromAnnotated ? status.fromRevision : undefined);
}
