import type { HttpRewrite } from '../../crds/http-policies.ts';
import { isHeaderValue } from '../syntax/header-syntax.ts';
import { checkRegularExpression, substitutionProblem } from '../syntax/regular-expression.ts';
import { checkRegex } from './fields.ts';
import type { Problems } from './problem.ts';
import { error, warning } from './problem.ts';

export function* checkRewrite(rewrite: HttpRewrite | undefined, path: string): Problems {
  if (rewrite === undefined) return;
  const { uri, authority, uriRegexRewrite } = rewrite;
  if ((uri ?? '') === '' && (authority ?? '') === '' && uriRegexRewrite === undefined) {
    yield error(path, 'must have at least one of uri, authority and uriRegexRewrite');
  }
  if ((uri ?? '') !== '' && uriRegexRewrite !== undefined) {
    yield error(path, 'must not have both uri and uriRegexRewrite');
  }
  if (uri !== undefined && uri !== '' && !uri.startsWith('/')) {
    yield warning(`${path}.uri`, `"${uri}" does not begin with /, so that the new path may not either`);
  }
  for (const [name, value] of Object.entries({ uri, authority })) {
    if (!isHeaderValue(value ?? '')) yield error(`${path}.${name}`, 'must hold no line end and be 16 KiB at most');
  }
  yield* checkRegexRewrite(uriRegexRewrite, `${path}.uriRegexRewrite`);
}

function* checkRegexRewrite(rewrite: HttpRewrite['uriRegexRewrite'], path: string): Problems {
  if (rewrite === undefined) return;
  const { match = '', rewrite: substitution = '' } = rewrite;
  yield* checkRegex(match, `${path}.match`);
  const checked = checkRegularExpression(match);
  if (!checked.valid) return;
  const wrong = substitutionProblem(substitution, checked.groups);
  if (wrong !== undefined) yield error(`${path}.rewrite`, wrong);
}
