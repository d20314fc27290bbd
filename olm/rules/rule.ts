import type { LoadedBundle } from './loaded-bundle.ts';

/** What a rule has against a bundle; the framework's tools pass a bundle with neither errors nor warnings. */
export interface Finding {
  readonly severity: 'error' | 'warning';
  readonly message: string;
}

/**
 * One rule that the framework's tools hold a bundle to (operator-framework/api `pkg/validation`, operator-registry
 * `pkg/lib/bundle`, operator-sdk `scorecard`), written anew from what they are documented and seen to check.
 */
export interface Rule {
  /** `<validator>/<rule>`, the validator under the name that `operator-sdk bundle validate` knows it by. */
  readonly name: string;
  readonly check: (bundle: LoadedBundle) => readonly Finding[];
}

export function error(message: string): Finding {
  return { severity: 'error', message };
}

export function warning(message: string): Finding {
  return { severity: 'warning', message };
}

/** A finding for each of `values` of which `isBad` holds. */
export function eachBad<T>(
  values: readonly T[],
  isBad: (value: T) => boolean,
  finding: (value: T) => Finding,
): readonly Finding[] {
  return values.filter(isBad).map(finding);
}

/** A finding unless something holds. */
export function unless(holds: boolean, finding: () => Finding): readonly Finding[] {
  return holds ? [] : [finding()];
}
