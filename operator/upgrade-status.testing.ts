import type { UpgradePhase, UpgradeStatus } from '../crds/mesh-upgrade.ts';

/** An upgrade that is in a phase, as far as the phase is what matters. */
export function testUpgradeStatus(phase: UpgradePhase): UpgradeStatus {
  const time = '2026-01-01T00:00:00Z';
  return {
    strategy: 'Canary',
    phase,
    progress: phase,
    message: 'as a test has it',
    from: 'default-0-1-0-aaaaaa',
    to: 'default-0-2-0-bbbbbb',
    fromRevision: 'default',
    toRevision: 'default-0-2-0-bbbbbb',
    fromAnnotated: false,
    fromVersion: '0.1.0',
    toVersion: '0.2.0',
    attempt: 0,
    startTime: time,
    phaseTime: time,
  };
}
