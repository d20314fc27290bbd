import { create } from '@bufbuild/protobuf';
import { RE2JS } from 're2js';
import type { RegexMatcher } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';
import { RegexMatcherSchema } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';

/** A regular expression that Envoy's RE2 takes, or why it does not. */
export type RegularExpression =
  | { readonly valid: true; readonly matcher: RegexMatcher; readonly groups: number }
  | { readonly valid: false; readonly reason: string };

/** Checks a regular expression before Envoy does: Envoy refuses the whole resource that an invalid one is in. */
export function regularExpression(pattern: string): RegularExpression {
  if (pattern === '') return { valid: false, reason: 'a regular expression must not be empty' };
  try {
    const groups = RE2JS.compile(pattern).groupCount();
    return { valid: true, matcher: create(RegexMatcherSchema, { regex: pattern }), groups };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { valid: false, reason: `"${pattern}" is no regular expression of RE2: ${detail}` };
  }
}
