import type { StringMatch } from '../../crds/string-match.ts';
import { checkRegex } from './fields.ts';
import type { Problems } from './problem.ts';
import { error } from './problem.ts';

/** At most one way to compare, and one that Envoy takes. An empty prefix it takes of paths only. */
export function* checkStringMatch(match: StringMatch | undefined, path: string): Problems {
  yield* checkPathMatch(match, path);
  if (match?.prefix === '') yield error(`${path}.prefix`, 'must not be empty');
}

export function* checkPathMatch(match: StringMatch | undefined, path: string): Problems {
  if (match === undefined) return;
  const ways = (['exact', 'prefix', 'regex'] as const).filter((way) => match[way] !== undefined);
  if (ways.length > 1) yield error(path, `must have one of exact, prefix and regex, has ${ways.join(' and ')}`);
  yield* checkRegex(match.regex, `${path}.regex`);
}

export function* checkStringMatches(
  matches: Readonly<Record<string, StringMatch>> | undefined,
  path: string,
): Problems {
  for (const [name, match] of Object.entries(matches ?? {})) yield* checkStringMatch(match, `${path}.${name}`);
}
