import { create } from '@bufbuild/protobuf';
import type { StringMatch } from '../../crds/virtual-service.ts';
import type { StringMatcher } from '../envoy/gen/envoy/type/matcher/v3/string_pb.js';
import { StringMatcherSchema } from '../envoy/gen/envoy/type/matcher/v3/string_pb.js';
import { regularExpression } from './regular-expression.ts';

/** What a StringMatch asks for: any value, a value that Envoy's matcher takes, or nothing that can be asked for. */
export type StringCondition =
  | { readonly kind: 'present' }
  | { readonly kind: 'matcher'; readonly matcher: StringMatcher }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Translates a StringMatch. The regular expression `*`, none to RE2, means any value, as in Istio; so does `{}`. */
export function stringCondition(match: StringMatch): StringCondition {
  if (match.exact !== undefined) return matching({ case: 'exact', value: match.exact });
  if (match.prefix !== undefined) {
    return match.prefix === '' ? { kind: 'present' } : matching({ case: 'prefix', value: match.prefix });
  }
  if (match.regex === undefined || match.regex === '*') return { kind: 'present' };
  const regex = regularExpression(match.regex);
  if (!regex.valid) return { kind: 'invalid', reason: regex.reason };
  return matching({ case: 'safeRegex', value: regex.matcher });
}

function matching(matchPattern: StringMatcher['matchPattern']): StringCondition {
  return { kind: 'matcher', matcher: create(StringMatcherSchema, { matchPattern }) };
}
