/** Stands for `istiod/monitoring.ts` in an istiod that ends at its start. */
export function startMonitoring(): never {
  throw new Error('this istiod was made to end at its start');
}
