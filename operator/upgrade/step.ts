import type { UpgradeStatus } from '../../crds/mesh-upgrade.ts';
import { checkUpgradePath } from '../versions/upgrade-path.ts';
import { forward } from './canary.ts';
import { decisionOf } from './decision.ts';
import type { Draft, Step } from './draft.ts';
import { failed, isUnderWay, stepOf, timeText } from './draft.ts';
import { replaceBack, replaceIstiod } from './in-place.ts';
import type { ControlPlaneState, KnownInput, UpgradeDecision, UpgradeInput } from './input.ts';
import { goBack } from './roll-back.ts';

/**
 * The next step of an upgrade; pure. It is told by the cluster which workloads have been moved and have arrived; of
 * `status.upgrade` it needs times, the extent of the batch and what has failed. Any number of looks at the same world
 * decide the same, and a decision that was carried out in part only is made again.
 */
export function upgradeStep(input: UpgradeInput): UpgradeDecision {
  const { workloads = [] } = input;
  const known = { ...input, workloads };
  const status = upgradeUnderWay(known);
  if (status === undefined) return idle(input.previous);
  if (input.workloads === undefined && status.strategy === 'Canary') return untilRead(input);
  const step = stepOf(known, status);
  return decisionOf(step, draftOf(step));
}

/** How long the first reading of all workloads is waited for until the next look, milliseconds. */
const readingMs = 2000;

/** Where something has been moved, or could be, the new istiod stays while nothing goes on. */
function keepsTarget({ batch }: UpgradeStatus, target: ControlPlaneState): boolean {
  return batch !== undefined || target.ready;
}

/** What is under way stays as it is; nothing begins. */
function untilRead({ previous, target }: UpgradeInput): UpgradeDecision {
  const hasTarget = isUnderWay(previous) && (previous.phase === 'Installing' || keepsTarget(previous, target));
  return {
    ...idle(previous),
    target: hasTarget ? previous.to : undefined,
    needsWorkloads: true,
    lookAgainMs: readingMs,
  };
}

/** Nothing is to be done. */
function idle(previous: UpgradeStatus | undefined): UpgradeDecision {
  return {
    status: previous,
    moves: [],
    activate: false,
    target: undefined,
    measure: undefined,
    needsWorkloads: false,
    lookAgainMs: undefined,
    events: [],
  };
}

/** The upgrade that there was, or the beginning of the one that the spec asks for. */
function upgradeUnderWay(input: KnownInput): UpgradeStatus | undefined {
  const { previous, desired, active, spec } = input;
  if (isUnderWay(previous) && !isAbandonable(input, previous)) return previous;
  if (desired.name === active.name) return undefined;
  const wasRefused =
    previous?.phase === 'RolledBack' &&
    previous.to === desired.name &&
    previous.failure?.reason !== 'Superseded' &&
    spec.attempt <= previous.attempt;
  return wasRefused ? undefined : begin(input);
}

/** Where nothing has been moved yet, and another content is asked for by now, nothing has to be brought back first. */
function isAbandonable({ active, desired, workloads }: KnownInput, previous: UpgradeStatus): boolean {
  if ([previous.to, active.name].includes(desired.name) || isGoingBack(previous)) return false;
  if (previous.strategy === 'InPlace') return true;
  return previous.batch === undefined && workloads.every(({ given }) => given !== previous.toRevision);
}

function begin({ spec, active, desired, now, workloads }: KnownInput): UpgradeStatus {
  const time = timeText(now.getTime());
  return {
    strategy: spec.strategy,
    phase: 'Waiting',
    progress: '',
    message: '',
    from: active.name,
    to: desired.name,
    fromRevision: active.revision,
    toRevision: desired.revision,
    fromAnnotated: workloads.some(({ given }) => given === active.revision),
    fromVersion: active.version,
    toVersion: desired.version,
    attempt: spec.attempt,
    startTime: time,
    phaseTime: time,
  };
}

function draftOf(step: Step): Draft {
  const { input, status } = step;
  if (status.to === input.active.name) {
    return { phase: 'Completed', message: `${status.toVersion} is active`, batch: status.batch };
  }
  const begun = isBegun(status);
  const back = isGoingBack(status);
  const superseded = supersededBy(step);
  if (input.spec.paused && canPause(status, begun)) return paused(step, back || superseded !== undefined);
  if (back) return status.strategy === 'InPlace' ? replaceBack(step) : goBack(step);
  if (superseded !== undefined) return failed(step, 'Superseded', superseded, { gates: status.gates });
  if (status.phase === 'Failed') return heldAfterFailure(step);
  const objection = begun ? undefined : objectionTo(step);
  if (objection !== undefined) {
    // What is installed already stays meanwhile: an operator that was just started has yet to look into everything.
    const wantsTarget = status.strategy === 'Canary' && keepsTarget(status, input.target);
    return { phase: 'Waiting', message: objection, wantsTarget, until: step.now + objectionMs };
  }
  return status.strategy === 'InPlace' ? replaceIstiod(step, begun) : forward(step);
}

/** Paused on the way back, it still has what it goes back for; an upgrade that is held after a failure is no such one. */
function isGoingBack({ phase, failure }: UpgradeStatus): boolean {
  return phase === 'RollingBack' || (phase === 'Paused' && failure !== undefined);
}

function isBegun({ strategy, phase, batch }: UpgradeStatus): boolean {
  if (strategy === 'Canary') return batch !== undefined || phase === 'Installing';
  return phase !== 'Waiting' && phase !== 'Paused';
}

/** What is held after a failure moves nothing anyway. */
function canPause({ strategy, phase }: UpgradeStatus, begun: boolean): boolean {
  return phase !== 'Failed' && !(strategy === 'InPlace' && begun);
}

/** Why what is under way is not wanted any more. */
function supersededBy({ input, status }: Step): string | undefined {
  const { desired, active, spec } = input;
  if (status.to !== desired.name) {
    const wanted =
      desired.name === active.name ? `${active.version} as it runs` : `${desired.version} (${desired.name})`;
    return `the spec asks for ${wanted} by now`;
  }
  return status.phase === 'Failed' && spec.attempt > status.attempt
    ? 'spec.upgrade.attempt asks for another try'
    : undefined;
}

/** What speaks against an upgrade may pass without a change of anything that is followed; milliseconds. */
const objectionMs = 5000;

/** What keeps it from beginning. */
function objectionTo({ input, status }: Step): string | undefined {
  const version = checkUpgradePath(status.fromVersion, status.toVersion, input.spec);
  const objections = [...(version === undefined ? [] : [version.message]), ...input.preflight];
  return objections.length === 0 ? undefined : `cannot begin: ${objections.join('; ')}`;
}

function paused({ status, input }: Step, isBack: boolean): Draft {
  const { batch, gates, failure } = status;
  const what = isBack ? 'going back waits too' : 'nothing is moved';
  const wantsTarget = status.strategy === 'Canary' && keepsTarget(status, input.target);
  const message = `spec.upgrade.paused is set, ${what}; ${String(input.workloads.length)} workloads stay as they are`;
  return { phase: 'Paused', message, batch, gates, failure, wantsTarget };
}

/** With autoRollback false; what was decided stays until the spec says otherwise. */
function heldAfterFailure(step: Step): Draft {
  const { input, status } = step;
  const { failure, batch, gates, laggards } = status;
  if (input.spec.autoRollback && failure !== undefined) return failed(step, failure.reason, failure.message, { gates });
  return {
    phase: 'Failed',
    message: status.message,
    failure,
    batch,
    gates,
    ...(laggards === undefined ? {} : { laggards }),
  };
}
