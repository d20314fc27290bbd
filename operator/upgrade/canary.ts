import type { UpgradeBatch } from '../../crds/mesh-upgrade.ts';
import { amountOf } from './amount.ts';
import { nextBatch } from './batch.ts';
import { chooseMoves } from './choose-moves.ts';
import type { Draft, Step } from './draft.ts';
import { failed, lengthOf, readingsOf, timeOf, timeText } from './draft.ts';
import type { GateInput } from './gates.ts';
import { gateResults, someOf } from './gates.ts';
import { isOpen, nextOpening } from './windows.ts';
import type { Workload } from './workload.ts';
import { comparePlaces, inOrder, labelOf, placeOf } from './workload.ts';

/** One look at an upgrade that moves workloads to an istiod of its own, in its forward direction. */
export function forward(step: Step): Draft {
  const { input, status } = step;
  if (!input.target.ready) return install(step);
  return status.batch === undefined ? beginNext(step, undefined) : goOn(step, status.batch);
}

function install(step: Step): Draft {
  const { input, status, now, timeoutMs } = step;
  const { batch, gates } = status;
  const until = (status.phase === 'Installing' ? timeOf(status.phaseTime) : now) + timeoutMs;
  const what = `istiod ${status.toVersion} is not ready: ${input.target.message}`;
  if (now < until) return { phase: 'Installing', message: what, batch, gates, until };
  return failed(step, 'ControlPlaneNotReady', `${what}, for ${input.spec.gates.timeout}`, { gates });
}

/** The workloads of an upgrade, as they stand. */
interface Standing {
  /** May be moved by now, and can be. */
  readonly admitted: readonly Workload[];
  readonly toMove: readonly Workload[];
  /** Given to the new revision. */
  readonly moved: readonly Workload[];
  /** Moved, and its pods do not all serve yet. */
  readonly inFlight: readonly Workload[];
}

export function isSettled(workload: Workload, batch: UpgradeBatch | undefined): boolean {
  return workload.rolledOut || batch?.unavailableBefore?.includes(labelOf(workload)) === true;
}

function standingOf({ input, status }: Step, batch: UpgradeBatch): Standing {
  const workloads = inOrder(input.workloads);
  const isMoved = ({ given }: Workload): boolean => given === status.toRevision;
  const movable = workloads.filter(({ obstacle }) => obstacle === undefined);
  const admitted = movable.filter((workload) => comparePlaces(placeOf(workload), batch.through) <= 0);
  return {
    admitted,
    toMove: admitted.filter((workload) => !isMoved(workload)),
    moved: workloads.filter(isMoved),
    inFlight: movable.filter((workload) => isMoved(workload) && !isSettled(workload, batch)),
  };
}

function goOn(step: Step, batch: UpgradeBatch): Draft {
  const standing = standingOf(step, batch);
  const gates = gateResults(gateInput(step, batch, standing));
  const broken = gates.filter(({ state }) => state === 'Failed');
  if (broken.length > 0) {
    const what = broken.map(({ name, message }) => `${name}: ${message}`).join('; ');
    return failed(step, 'GateFailed', `batch ${String(batch.index)} failed: ${what}`, { gates });
  }
  if (standing.toMove.length > 0 || (standing.inFlight.length > 0 && batch.arrivalTime === undefined)) {
    return { gates, ...move(step, batch, standing) };
  }
  const arrivalTime = batch.arrivalTime ?? timeText(step.now);
  const arrived = { ...batch, arrived: standing.admitted.length, arrivalTime };
  return soak(step, arrived, standing, gates);
}

function gateInput(step: Step, batch: UpgradeBatch, { admitted, moved }: Standing): GateInput {
  const workloads = admitted.filter((workload) => isOfBatch(workload, batch));
  const readings = readingsOf(step);
  const counts = readings !== undefined && readings.time.getTime() >= timeOf(batch.startTime);
  return { gates: step.input.spec.gates, batch, workloads, moved, readings: counts ? readings : undefined };
}

/** Of a batch whose list was cut, all that may be moved by now count. */
function isOfBatch(workload: Workload, { workloads = [], size }: UpgradeBatch): boolean {
  return size > workloads.length || workloads.includes(labelOf(workload));
}

function move(step: Step, batch: UpgradeBatch, standing: Standing): Draft {
  const { input, status, now, timeoutMs } = step;
  const { toMove, inFlight, admitted } = standing;
  const arrived = admitted.length - toMove.length - admitted.filter((workload) => inFlight.includes(workload)).length;
  const moved = chooseMoves(toMove, slotsOf(step, batch, inFlight), () => status.toRevision);
  const open = isOpen(input.spec.windows, input.now);
  const moves = open ? moved.moves : [];
  const resumed = status.phase !== 'Moving' && status.phase !== 'Soaking';
  const isProgress = arrived !== batch.arrived || moves.length > 0 || resumed;
  const { arrivalTime: _former, ...rest } = batch;
  const next = { ...rest, arrived, progressTime: isProgress ? timeText(now) : batch.progressTime };
  const laggards = [...inFlight.map(waitedFor), ...moved.held];
  const until = timeOf(next.progressTime) + timeoutMs;
  if (inFlight.length > 0 && now >= until) {
    const names = someOf(inFlight.map((workload) => `${labelOf(workload)} (${readyPods(workload)})`));
    return failed(
      step,
      'Timeout',
      `batch ${String(batch.index)} did not become ready in ${input.spec.gates.timeout}: ${names}`,
      {
        batch: next,
        laggards,
      },
    );
  }
  const count = `${String(arrived)} of ${String(admitted.length)} workloads run on ${status.toVersion}`;
  if (!open && inFlight.length === 0) return { ...closed(step, count), batch: next, laggards };
  const [first] = laggards;
  const waiting = first === undefined ? '' : `; waits for ${first.workload}: ${first.message}`;
  const message = `batch ${String(batch.index)} of ${String(batch.of)}: ${count}${waiting}`;
  return { phase: 'Moving', message, batch: next, laggards, moves, until: inFlight.length > 0 ? until : undefined };
}

export function slotsOf({ input }: Step, batch: UpgradeBatch, inFlight: readonly Workload[]): number {
  return amountOf(input.spec.maxUnavailable, batch.size, 'down') - inFlight.length;
}

function closed({ input }: Step, count: string): Draft {
  const opening = nextOpening(input.spec.windows, input.now);
  const when =
    opening === undefined ? 'none of which ever opens' : `the next of which opens at ${opening.toISOString()}`;
  return {
    phase: 'Waiting',
    message: `workloads are moved in the windows of spec.upgrade.windows only, ${when}; ${count}`,
    until: opening?.getTime(),
  };
}

export function readyPods({ available, desired }: Workload): string {
  return `${String(Math.min(available, desired))} of ${String(desired)} pods serve`;
}

export function waitedFor(workload: Workload): { readonly workload: string; readonly message: string } {
  return { workload: labelOf(workload), message: `its pods are being replaced, ${readyPods(workload)}` };
}

function soak(step: Step, batch: UpgradeBatch, { inFlight }: Standing, gates: Draft['gates'] = []): Draft {
  const { input, status, now, timeoutMs } = step;
  const end = timeOf(batch.arrivalTime ?? '') + lengthOf(input.spec.pauseBetween);
  const which = `batch ${String(batch.index)} of ${String(batch.of)} has arrived`;
  if (now < end) {
    const message = `${which} and is watched until ${timeText(end)}`;
    return { phase: 'Soaking', message, batch, gates, until: end };
  }
  const waiting = [
    ...inFlight.map((workload) => `${labelOf(workload)} is not ready any more: ${readyPods(workload)}`),
    ...gates.filter(({ state }) => state === 'Waiting').map(({ name, message }) => `${name}: ${message}`),
  ];
  // What was measured before the end says nothing of the time until then.
  if (gates.length > 0 && (readingsOf(step)?.time.getTime() ?? 0) < end)
    waiting.push('the last measurement is waited for');
  if (waiting.length === 0) {
    const next = beginNext(step, batch);
    return next.batch === batch ? { ...next, gates } : next;
  }
  const what = waiting.join('; ');
  const until = Math.max(end, status.phase === 'Soaking' ? timeOf(status.phaseTime) : now) + timeoutMs;
  if (now < until) return { phase: 'Soaking', message: `${which}; ${what}`, batch, gates, until };
  return failed(step, 'Timeout', `${which}, but ${input.spec.gates.timeout} later still: ${what}`, { batch, gates });
}

/** How long a measurement before the move is waited for, milliseconds. */
const measureMs = 60_000;

function beginNext(step: Step, former: UpgradeBatch | undefined): Draft {
  const { input, status, now } = step;
  const batch = nextBatch(step, former);
  if (batch === undefined) return completed(step, former);
  const count = `${String(batch.size)} workloads are next`;
  if (!isOpen(input.spec.windows, input.now)) return { ...closed(step, count), batch: former };
  const wanted = input.spec.gates.successRate.enabled || input.spec.gates.latency.enabled;
  const waited = status.phase === 'Waiting' ? now - timeOf(status.phaseTime) : 0;
  // An operator that was just started has measured nothing at all; the time that it was away is no reason to go on.
  const isDue = readingsOf(step) !== undefined && waited >= measureMs;
  if (wanted && batch.before === undefined && !isDue) {
    const message = `the counters of the sidecars are read before batch ${String(batch.index)} is moved`;
    const since = status.phase === 'Waiting' ? timeOf(status.phaseTime) : now;
    return { phase: 'Waiting', message, batch: former, until: Math.max(since + measureMs, now + 5000) };
  }
  return move({ ...step, status: { ...status, phase: 'Moving' } }, batch, standingOf(step, batch));
}

function completed({ status, input }: Step, batch: UpgradeBatch | undefined): Draft {
  const left = input.unmovable.length + input.workloads.filter(({ obstacle }) => obstacle !== undefined).length;
  const rest =
    left === 0 ? '' : `; ${String(left)} could not be moved and get new sidecars when their pods are next started`;
  const { toVersion } = status;
  return { phase: 'Completed', message: `all workloads run on ${toVersion}${rest}`, batch, activate: true };
}
