import { describe, expect, it } from 'vitest';
import type { Condition } from '../../lib/kube/object.ts';
import { announcements } from './announcements.ts';

function condition(type: string, status: Condition['status'], reason: string, message = 'words'): Condition {
  return { type, status, reason, message, lastTransitionTime: '2026-01-01T00:00:00Z' };
}

const good = [
  condition('Reconciled', 'True', 'Reconciled'),
  condition('Ready', 'True', 'Ready'),
  condition('Progressing', 'False', 'Settled'),
  condition('Degraded', 'False', 'AsExpected'),
];

describe('announcements', () => {
  it('say nothing when only words change', () => {
    expect(
      announcements(
        good,
        good.map((one) => ({ ...one, message: 'other words' })),
      ),
    ).toEqual([]);
  });

  it('tell of what goes wrong once, as a warning, although several conditions carry it', () => {
    const bad = [
      condition('Reconciled', 'False', 'ReconcileError', 'refused'),
      condition('Ready', 'False', 'ReconcileError', 'refused'),
      condition('Progressing', 'True', 'ReconcileError', 'refused'),
      condition('Degraded', 'True', 'ReconcileError', 'refused'),
    ];
    expect(announcements(good, bad)).toEqual([
      { type: 'Warning', reason: 'ReconcileError', action: 'Reconcile', note: 'refused' },
    ]);
  });

  it('do not announce what is in the nature of a new object', () => {
    const newborn = [
      condition('Reconciled', 'False', 'WaitingForRootCertificate'),
      condition('Ready', 'False', 'IstiodNotFound'),
      condition('Progressing', 'True', 'IstiodNotFound'),
      condition('Degraded', 'False', 'AsExpected'),
    ];
    expect(announcements([], newborn)).toEqual([]);
    expect(announcements(newborn, good).map(({ reason }) => reason)).toEqual(['Reconciled', 'Ready']);
  });
});
