import type { Condition } from '../../lib/kube/object.ts';
import type { Report } from './finding.ts';

/** Whether an upgrade may begin. */
export const upgradeableCondition = 'Upgradeable';

export const upgradeableReasons = {
  passed: 'PreflightPassed',
  failed: 'PreflightFailed',
  forced: 'PreflightForced',
  incomplete: 'PreflightIncomplete',
} as const;

type Draft = Pick<Condition, 'status' | 'reason' | 'message'>;

/** The sentences that keep an upgrade from beginning. */
export function objections({ findings }: Report, force: boolean): readonly string[] {
  return findings.filter(({ overridable }) => !(force && overridable)).map(({ message }) => message);
}

/** What the condition says; pure. What could not be learned is named, and keeps nothing. */
export function upgradeableDraft(report: Report, force: boolean): Draft {
  const { findings, unknown } = report;
  const holding = findings.filter(({ overridable }) => !(force && overridable));
  const gaps = unknown.map(({ check, why }) => `${check} could not be checked: ${why}`);
  const words = (said: readonly { readonly check: string; readonly message: string }[]): readonly string[] =>
    said.map(({ check, message }) => `${check}: ${message}`);
  if (holding.length > 0) {
    const canForce = holding.every(({ overridable }) => overridable);
    const hint = canForce ? ['spec.upgrade.force lets an upgrade begin all the same'] : [];
    return draft('False', upgradeableReasons.failed, [...words(holding), ...gaps, ...hint]);
  }
  if (findings.length > 0) {
    return draft('True', upgradeableReasons.forced, ['spec.upgrade.force overrides', ...words(findings), ...gaps]);
  }
  if (gaps.length > 0) return draft('True', upgradeableReasons.incomplete, ['nothing found is in the way', ...gaps]);
  return draft('True', upgradeableReasons.passed, ['nothing is in the way of an upgrade']);
}

function draft(status: Draft['status'], reason: string, sentences: readonly string[]): Draft {
  return { status, reason, message: sentences.join('; ') };
}
