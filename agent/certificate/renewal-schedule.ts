/** Part of a certificate's life after which it is renewed, and how far it varies (as Istio's SECRET_GRACE_PERIOD_RATIO). */
const renewalRatio = 0.5;
const renewalJitter = 0.05;

/** First and longest pause between attempts, milliseconds; a pod that can't start for want of a certificate asks more often. */
const firstRetryMs = 500;
const longestRetryMs = { first: 10_000, renewal: 60_000 } as const;

/**
 * When to renew a certificate that was got at `issuedAt` (milliseconds of the epoch): after half of its life, a little
 * earlier or later by `random` (0 to 1), so that pods that started together do not ask together.
 */
export function renewalTime(issuedAt: number, notAfter: number, random: number): number {
  return issuedAt + (notAfter - issuedAt) * (renewalRatio + renewalJitter * (2 * random - 1));
}

/** Milliseconds to wait after the `failures`-th failure in a row (1 for the first): doubling, with half of it left to chance. */
export function retryDelay(wanted: 'first' | 'renewal', failures: number, random: number): number {
  const longest = Math.min(longestRetryMs[wanted], firstRetryMs * 2 ** Math.min(failures - 1, 20));
  return longest * (0.5 + random / 2);
}
