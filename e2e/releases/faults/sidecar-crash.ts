export * from '../../../agent/settings.ts';

/** Of `agent/settings.ts`: as if it could not run with its environment, whereupon its container ends. */
export function readSettings(): never {
  throw new Error('this sidecar was made to end at its start');
}
