import type { UpgradeStatus } from '../../crds/mesh-upgrade.ts';
import type { UpgradeEvent } from './input.ts';

/** Reasons of the Events of an upgrade; `docs/guide/upgrade.md` explains them to users. */
export const upgradeReasons = {
  started: 'UpgradeStarted',
  waiting: 'UpgradeWaiting',
  batchStarted: 'BatchStarted',
  batchArrived: 'BatchArrived',
  paused: 'UpgradePaused',
  failed: 'UpgradeFailed',
  rollingBack: 'RollingBack',
  rolledBack: 'RolledBack',
  completed: 'UpgradeCompleted',
} as const;

/** What has changed between two looks that people want to know. */
export function upgradeEvents(before: UpgradeStatus | undefined, now: UpgradeStatus): readonly UpgradeEvent[] {
  const isSame = before?.to === now.to && before.startTime === now.startTime;
  const events = isSame ? [] : [event('Normal', upgradeReasons.started, startNote(now))];
  const previous = isSame ? before : undefined;
  const { batch } = now;
  if (batch !== undefined && now.failure === undefined && batch.index !== previous?.batch?.index) {
    events.push(event('Normal', upgradeReasons.batchStarted, batchNote(batch)));
  }
  const hasArrived = batch?.arrivalTime !== undefined && batch.arrivalTime !== previous?.batch?.arrivalTime;
  if (batch !== undefined && hasArrived && now.failure === undefined) {
    const note = `all ${String(batch.size)} workloads of batch ${String(batch.index)} run on ${now.toVersion}`;
    events.push(event('Normal', upgradeReasons.batchArrived, note));
  }
  const transition = now.phase === previous?.phase ? undefined : transitionEvent(now);
  return transition === undefined ? events : [...events, transition];
}

function event(type: UpgradeEvent['type'], reason: string, note: string): UpgradeEvent {
  // Longest note of an events.k8s.io/v1 Event.
  return { type, reason, action: 'Upgrade', note: note.slice(0, 1024) };
}

function startNote({ fromVersion, toVersion, from, to, strategy }: UpgradeStatus): string {
  return `${strategy} from ${fromVersion} (${from}) to ${toVersion} (${to})`;
}

function batchNote({ index, of, workloads = [], size }: NonNullable<UpgradeStatus['batch']>): string {
  const more = size > workloads.length ? ` and ${String(size - workloads.length)} more` : '';
  return `batch ${String(index)} of ${String(of)}: ${workloads.join(', ')}${more}`;
}

function transitionEvent({ phase, message }: UpgradeStatus): UpgradeEvent | undefined {
  switch (phase) {
    case 'Waiting':
      return event('Normal', upgradeReasons.waiting, message);
    case 'Paused':
      return event('Normal', upgradeReasons.paused, message);
    case 'Failed':
      return event('Warning', upgradeReasons.failed, message);
    case 'RollingBack':
      return event('Warning', upgradeReasons.rollingBack, message);
    case 'RolledBack':
      return event('Normal', upgradeReasons.rolledBack, message);
    case 'Completed':
      return event('Normal', upgradeReasons.completed, message);
    case 'Installing':
    case 'Moving':
    case 'Soaking':
      return undefined;
  }
}
