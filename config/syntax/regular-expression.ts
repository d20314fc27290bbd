import { RE2JS } from 're2js';
import { isHeaderValue } from './header-syntax.ts';

/** A regular expression that Envoy's RE2 takes, with the number of its groups, or why it does not. */
export type RegularExpressionCheck =
  { readonly valid: true; readonly groups: number } | { readonly valid: false; readonly reason: string };

/** Half of what the sidecars' Envoy is told to take (`re2.max_program_size.error_level`), whose count differs a little. */
const largestProgram = 16_384;

/** Checks a regular expression before Envoy does: Envoy refuses the whole resource that an invalid one is in. */
export function checkRegularExpression(pattern: string): RegularExpressionCheck {
  if (pattern === '') return { valid: false, reason: 'a regular expression must not be empty' };
  try {
    const compiled = RE2JS.compile(pattern);
    const size = compiled.programSize();
    if (size <= largestProgram) return { valid: true, groups: compiled.groupCount() };
    return { valid: false, reason: `"${pattern}" needs ${size} steps, and must need ${largestProgram} at most` };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { valid: false, reason: `"${pattern}" is no regular expression of RE2: ${detail}` };
  }
}

/**
 * Why a substitution for an expression with that many groups cannot go to Envoy; undefined for one that can. In RE2 a
 * backslash stands before a digit (a group that exists) or another backslash.
 */
export function substitutionProblem(substitution: string, groups: number): string | undefined {
  if (!isHeaderValue(substitution)) return 'the value holds a line end or is longer than 16 KiB';
  for (const [whole, next] of substitution.matchAll(/\\(.?)/g)) {
    if (next === '\\') continue;
    if (next === undefined || !/^\d$/.test(next)) return `"${whole}" is neither a group such as \\1 nor \\\\`;
    if (Number(next) > groups) return `"${whole}" names a group, but the expression has ${groups}`;
  }
  return undefined;
}
