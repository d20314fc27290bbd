import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { completeConditions, conditionTypes, firstFinding, reasons } from './conditions.ts';

const page = readFileSync(new URL('../../docs/guide/status.md', import.meta.url), 'utf8');

describe('the guide to the status', () => {
  it.each([...Object.values(conditionTypes), ...Object.values(reasons)])('explains %s', (word) => {
    expect(page).toMatch(new RegExp(`^\\| \`${word}\` `, 'm'));
  });
});

describe('completeConditions', () => {
  const draft = { type: 'Ready', status: 'True', reason: 'Ready', message: 'serves' } as const;
  const now = new Date('2026-03-01T12:00:00.987Z');

  it('writes times as Kubernetes does, without fractions of a second', () => {
    expect(completeConditions([draft], [], 4, now)).toEqual([
      { ...draft, lastTransitionTime: '2026-03-01T12:00:00Z', observedGeneration: 4 },
    ]);
  });

  it('keeps a message within what the API server takes', () => {
    const [condition] = completeConditions([{ ...draft, message: 'x'.repeat(40_000) }], [], 1, now);
    expect(condition?.message).toHaveLength(32_768);
  });

  it('keeps the time of transition while the status stays, even when reason and message change', () => {
    const previous = { ...draft, reason: 'Other', message: 'before', lastTransitionTime: '2026-01-01T00:00:00Z' };
    expect(completeConditions([draft], [previous], 1, now)[0]?.lastTransitionTime).toBe('2026-01-01T00:00:00Z');
  });
});

describe('firstFinding', () => {
  it('takes the first check that finds something', () => {
    const found = { reason: reasons.ready, message: 'b' };
    expect(firstFinding([() => undefined, () => found, () => ({ ...found, message: 'c' })], {})).toBe(found);
    expect(firstFinding([() => undefined], {})).toBeUndefined();
  });
});
