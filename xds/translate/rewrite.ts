import { create } from '@bufbuild/protobuf';
import type { HttpRewrite } from '../../crds/virtual-service.ts';
import type { RouteAction } from '../envoy/gen/envoy/config/route/v3/route_components_pb.js';
import type { RegexMatchAndSubstitute } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';
import { RegexMatchAndSubstituteSchema } from '../envoy/gen/envoy/type/matcher/v3/regex_pb.js';
import type { Report } from '../model/problem.ts';
import { within } from '../model/problem.ts';
import { isHeaderValue } from '../../config/syntax/header-syntax.ts';
import { substitutionProblem } from '../../config/syntax/regular-expression.ts';
import { regularExpression } from './regular-expression.ts';

/** Puts the rewrite of path and authority into an action; a regular expression goes before a plain path. */
export function applyRewrite(action: RouteAction, rewrite: HttpRewrite | undefined, report: Report): void {
  if (rewrite === undefined) return;
  if (rewrite.uriRegexRewrite !== undefined) {
    const regexRewrite = translateRegexRewrite(rewrite.uriRegexRewrite, within(report, 'uriRegexRewrite'));
    if (regexRewrite !== undefined) action.regexRewrite = regexRewrite;
  } else if (isUsable('uri', rewrite.uri, report)) action.prefixRewrite = rewrite.uri ?? '';
  if (rewrite.authority && isUsable('authority', rewrite.authority, report)) {
    action.hostRewriteSpecifier = { case: 'hostRewriteLiteral', value: rewrite.authority };
  }
}

function isUsable(path: string, value: string | undefined, report: Report): boolean {
  if (isHeaderValue(value ?? '')) return true;
  report(path, 'the value holds a line end or is longer than 16 KiB; it is left out');
  return false;
}

function translateRegexRewrite(
  { match = '', rewrite = '' }: NonNullable<HttpRewrite['uriRegexRewrite']>,
  report: Report,
): RegexMatchAndSubstitute | undefined {
  const regex = regularExpression(match);
  if (!regex.valid) {
    report('match', `${regex.reason}; the path is not rewritten`);
    return undefined;
  }
  const wrong = substitutionProblem(rewrite, regex.groups);
  if (wrong !== undefined) {
    report('rewrite', `${wrong}; the path is not rewritten`);
    return undefined;
  }
  return create(RegexMatchAndSubstituteSchema, { pattern: regex.matcher, substitution: rewrite });
}
