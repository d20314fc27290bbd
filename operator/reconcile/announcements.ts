import type { Condition } from '../../lib/kube/object.ts';
import { conditionTypes, inUseCondition, reasons } from './conditions.ts';

/** An Event that tells of a transition. */
export interface Announcement {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** Conditions whose transitions are news; that something progresses is told by the others in the end. */
const announced: readonly string[] = [
  conditionTypes.reconciled,
  conditionTypes.ready,
  conditionTypes.degraded,
  inUseCondition,
];

/** What a newborn object says of itself anyway, or what another condition of the same moment says too. */
const unremarkable: readonly string[] = [
  reasons.asExpected,
  reasons.istiodNotFound,
  reasons.waitingForRootCertificate,
  reasons.rolloutInProgress,
  reasons.active,
  reasons.target,
  reasons.notUsed,
  reasons.waitingForControlPlane,
];

/** One for each condition whose status or reason has changed, and never one for words alone. */
export function announcements(previous: readonly Condition[], current: readonly Condition[]): readonly Announcement[] {
  const news = current.filter((condition) => announced.includes(condition.type) && isNews(previous, condition));
  // The same reason in several conditions is one piece of news; the gravest of them tells it.
  const byReason = new Map<string, Announcement>();
  for (const condition of news) {
    const announcement = announcementOf(condition);
    if (byReason.get(condition.reason)?.type !== 'Warning') byReason.set(condition.reason, announcement);
  }
  return [...byReason.values()];
}

function isNews(previous: readonly Condition[], { type, status, reason }: Condition): boolean {
  const before = previous.find((condition) => condition.type === type);
  if (before === undefined) return !unremarkable.includes(reason);
  return before.status !== status || before.reason !== reason;
}

function announcementOf({ type, status, reason, message }: Condition): Announcement {
  const isBad = type === conditionTypes.degraded && status === 'True';
  return { type: isBad ? 'Warning' : 'Normal', reason, action: 'Reconcile', note: message };
}
