import type {
  UpgradeBatch,
  UpgradeFailure,
  UpgradeGate,
  UpgradePhase,
  UpgradeStatus,
} from '../../crds/mesh-upgrade.ts';
import { durationMs } from '../../lib/duration.ts';
import type { KnownInput, Move } from './input.ts';
import type { Readings } from './readings.ts';

/** What a step has decided, before it is written out as a status. */
export interface Draft {
  readonly phase: UpgradePhase;
  readonly message: string;
  readonly batch?: UpgradeBatch | undefined;
  readonly gates?: readonly UpgradeGate[] | undefined;
  readonly failure?: UpgradeFailure | undefined;
  readonly laggards?: readonly Laggard[];
  readonly moves?: readonly Move[];
  readonly activate?: boolean;
  /** Whether the target's istiod is wanted; by default as long as the upgrade is under way. */
  readonly wantsTarget?: boolean;
  /** When time alone changes the decision. */
  readonly until?: number | undefined;
}

export interface Laggard {
  readonly workload: string;
  readonly message: string;
}

/** What a step looks at: the input, and the upgrade that is under way. */
export interface Step {
  readonly input: KnownInput;
  readonly status: UpgradeStatus;
  /** `input.now` in milliseconds. */
  readonly now: number;
  readonly timeoutMs: number;
}

/** What was measured last, as far as it is about this upgrade. */
export function readingsOf({ input, status }: Step): Readings | undefined {
  return input.readings?.revision === status.toRevision ? input.readings : undefined;
}

export function stepOf(input: KnownInput, status: UpgradeStatus): Step {
  return { input, status, now: input.now.getTime(), timeoutMs: lengthOf(input.spec.gates.timeout) };
}

/** Milliseconds; the CRD holds durations to their form. */
export function lengthOf(duration: string): number {
  return durationMs(duration) ?? 0;
}

/** RFC 3339 in whole milliseconds, so that a time that is read again is the one that was written. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

export function timeOf(text: string): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
}

const terminal: readonly UpgradePhase[] = ['RolledBack', 'Completed'];

export function isUnderWay(status: UpgradeStatus | undefined): status is UpgradeStatus {
  return status !== undefined && !terminal.includes(status.phase);
}

/** The failure that ends an upgrade, and what follows from it. */
export function failed(step: Step, reason: UpgradeFailure['reason'], message: string, draft: Partial<Draft>): Draft {
  const { input, now } = step;
  const failure = { reason, message: message.slice(0, 4096), time: timeText(now) };
  const returns = input.spec.autoRollback || reason === 'Superseded';
  return {
    batch: step.status.batch,
    ...draft,
    failure,
    // Where the two take turns in one place, the former one is wanted again at once.
    wantsTarget: !(returns && step.status.strategy === 'InPlace'),
    phase: returns ? 'RollingBack' : 'Failed',
    message: returns
      ? `going back to ${step.status.fromVersion}: ${message}`
      : `held, since spec.upgrade.autoRollback is false: ${message}`,
    // Going back begins with the next look, which sees the world as it then is.
    until: now,
  };
}
