import type { Draft, Step } from './draft.ts';
import { failed, timeOf } from './draft.ts';
import { isOpen, nextOpening } from './windows.ts';

/**
 * One look at an upgrade that replaces istiod pod by pod. Kubernetes can't hold a rollout half way, so windows and
 * `paused` hold its beginning only.
 */
export function replaceIstiod(step: Step, begun: boolean): Draft {
  const { input, status, now, timeoutMs } = step;
  if (!begun && !isOpen(input.spec.windows, input.now)) {
    const opening = nextOpening(input.spec.windows, input.now);
    const when =
      opening === undefined ? 'none of which ever opens' : `the next of which opens at ${opening.toISOString()}`;
    const message = `istiod is replaced in the windows of spec.upgrade.windows only, ${when}`;
    return { phase: 'Waiting', message, wantsTarget: false, until: opening?.getTime() };
  }
  if (begun && input.target.ready) {
    const message = `istiod ${status.toVersion} serves; sidecars follow when their pods are next started`;
    return { phase: 'Completed', message, activate: true };
  }
  const until = (status.phase === 'Installing' ? timeOf(status.phaseTime) : now) + timeoutMs;
  const what = `istiod ${status.toVersion} is not ready: ${input.target.message}`;
  if (now >= until) return failed(step, 'ControlPlaneNotReady', `${what}, for ${input.spec.gates.timeout}`, {});
  return { phase: 'Installing', message: begun ? what : `istiod ${status.toVersion} is being rolled out`, until };
}

/** Has the former content come back. */
export function replaceBack({ input, status }: Step): Draft {
  const { failure } = status;
  const why = failure?.message ?? 'the spec asks for something else';
  if (status.phase === 'RollingBack' && input.target.ready) {
    return { phase: 'RolledBack', message: `istiod is back on ${status.fromVersion}: ${why}`, failure };
  }
  const message = `istiod goes back to ${status.fromVersion}: ${why}; ${input.target.message}`;
  return { phase: 'RollingBack', message, failure, wantsTarget: false };
}
