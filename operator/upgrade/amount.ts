/**
 * How many of `total` a number or a percentage is (Kubernetes, IntOrString), at least 1: progress is always made.
 * `share` says where a share goes that is no whole number.
 */
export function amountOf(value: number | string, total: number, share: 'up' | 'down'): number {
  if (typeof value === 'number') return Math.max(1, value);
  const percent = Number(value.replace(/%$/, ''));
  if (!Number.isFinite(percent)) return 1;
  const exact = (percent * total) / 100;
  return Math.max(1, share === 'up' ? Math.ceil(exact) : Math.floor(exact));
}
