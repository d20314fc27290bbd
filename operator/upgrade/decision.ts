import type { UpgradePhase, UpgradeStatus } from '../../crds/mesh-upgrade.ts';
import type { Draft, Step } from './draft.ts';
import { timeText } from './draft.ts';
import { isSettled } from './canary.ts';
import { upgradeEvents } from './upgrade-events.ts';
import type { MeasureRequest, UpgradeDecision } from './input.ts';
import { nextBatch } from './batch.ts';
import type { Workload } from './workload.ts';
import { inOrder, labelOf } from './workload.ts';

/** As the CRD has it. */
const maxNamed = 10;
const maxMessage = 4096;
/** Workloads of which sidecars are asked, at most. */
const maxMeasured = 40;

const terminal: readonly UpgradePhase[] = ['Completed', 'RolledBack'];

/** What was decided, written out. */
export function decisionOf(step: Step, draft: Draft): UpgradeDecision {
  const status = statusOf(step, draft);
  const isOver = terminal.includes(draft.phase);
  const wantsTarget = draft.wantsTarget ?? !isOver;
  return {
    status,
    moves: draft.moves ?? [],
    activate: draft.activate ?? false,
    target: wantsTarget ? status.to : undefined,
    measure: wantsTarget && status.strategy === 'Canary' ? measureRequest(step, draft) : undefined,
    needsWorkloads: status.strategy === 'Canary' && !isOver,
    lookAgainMs: draft.until === undefined || isOver ? undefined : Math.max(1, draft.until - step.now),
    events: upgradeEvents(step.input.previous, status),
  };
}

function statusOf(step: Step, draft: Draft): UpgradeStatus {
  const { input, status, now } = step;
  const { phase, batch, gates, failure, laggards = [] } = draft;
  const isOver = terminal.includes(phase);
  const { strategy, from, to, fromRevision, toRevision, fromAnnotated, fromVersion, toVersion } = status;
  const unmovable = unmovableOf(step);
  return {
    strategy,
    phase,
    progress: progressOf(draft),
    message: draft.message.slice(0, maxMessage),
    from,
    to,
    fromRevision,
    toRevision,
    fromAnnotated,
    fromVersion,
    toVersion,
    attempt: phase === 'RolledBack' ? Math.max(status.attempt, input.spec.attempt) : status.attempt,
    startTime: status.startTime,
    phaseTime: phase === status.phase ? status.phaseTime : timeText(now),
    ...(isOver ? { completionTime: timeText(now) } : {}),
    ...(batch === undefined ? {} : { batch }),
    ...(strategy === 'InPlace' ? {} : { workloads: countsOf(step, draft, unmovable.length) }),
    ...(laggards.length === 0 ? {} : { laggards: laggards.slice(0, maxNamed).map(bounded) }),
    ...(unmovable.length === 0 || strategy === 'InPlace'
      ? {}
      : { unmovable: unmovable.slice(0, maxNamed).map(bounded) }),
    ...(gates === undefined || gates.length === 0 ? {} : { gates }),
    ...(failure === undefined ? {} : { failure }),
  };
}

interface Named {
  readonly workload: string;
  readonly message: string;
}

function bounded({ workload, message }: Named): Named {
  return { workload, message: message.slice(0, 1024) };
}

function unmovableOf({ input }: Step): readonly Named[] {
  const held = inOrder(input.workloads).flatMap((workload) =>
    workload.obstacle === undefined ? [] : [{ workload: labelOf(workload), message: workload.obstacle }],
  );
  return [...held, ...input.unmovable];
}

function countsOf(
  { input, status }: Step,
  { batch }: Draft,
  unmovable: number,
): NonNullable<UpgradeStatus['workloads']> {
  const movable = input.workloads.filter(({ obstacle }) => obstacle === undefined);
  const moved = movable.filter((workload) => workload.given === status.toRevision && isSettled(workload, batch));
  return { total: movable.length, moved: moved.length, unmovable };
}

/** `Moving 2/3`; the number of the batch where there is one that counts. */
function progressOf({ phase, batch }: Draft): string {
  const isInBatches = phase === 'Moving' || phase === 'Soaking' || phase === 'Waiting' || phase === 'Paused';
  return isInBatches && batch !== undefined ? `${phase} ${String(batch.index)}/${String(batch.of)}` : phase;
}

/** The workloads of the batch that was begun last, and of the one after it, whose counters before the move are needed. */
function measureRequest(step: Step, { batch }: Draft): MeasureRequest {
  const { input, status } = step;
  const workloads = inOrder(input.workloads);
  const isMoved = ({ given }: Workload): boolean => given === status.toRevision;
  const current = new Set(batch?.workloads);
  const next = new Set(
    nextBatch({ ...step, status: { ...status, ...(batch === undefined ? {} : { batch }) } }, batch)?.workloads,
  );
  const measured = workloads.filter((workload) => current.has(labelOf(workload)) || next.has(labelOf(workload)));
  return {
    revision: status.toRevision,
    workloads: measured.slice(0, maxMeasured),
    moved: workloads
      .filter((workload) => isMoved(workload) && !(workload.rolledOut && workload.available >= workload.desired))
      .slice(0, maxMeasured),
  };
}
