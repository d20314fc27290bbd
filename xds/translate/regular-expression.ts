import { create } from '@bufbuild/protobuf';
import { checkRegularExpression } from '../../config/syntax/regular-expression.ts';
import type { RegexMatcher } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';
import { RegexMatcherSchema } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';

/** A regular expression that Envoy's RE2 takes, or why it does not. */
export type RegularExpression =
  | { readonly valid: true; readonly matcher: RegexMatcher; readonly groups: number }
  | { readonly valid: false; readonly reason: string };

/** Checks a regular expression before Envoy does, and makes the matcher of it. */
export function regularExpression(pattern: string): RegularExpression {
  const checked = checkRegularExpression(pattern);
  if (!checked.valid) return checked;
  return { ...checked, matcher: create(RegexMatcherSchema, { regex: pattern }) };
}
