import { isDeepStrictEqual } from 'node:util';
import type { Problems } from './problem.ts';
import { warning } from './problem.ts';

interface Rule {
  readonly match?: readonly object[];
}

/** Rules are tried in order: nothing comes after one that takes everything, or after an equal match. */
export function* checkReachable(rules: readonly Rule[], path: string): Problems {
  const last = rules.findIndex(({ match }) => match === undefined || match.length === 0);
  for (const [index, { match = [] }] of rules.entries()) {
    if (last >= 0 && index > last) {
      yield warning(
        `${path}[${index}]`,
        `is never used, since ${path}[${last}] before it has no match and takes everything`,
      );
      continue;
    }
    for (const [matchIndex, condition] of match.entries()) {
      const earlier = rules
        .slice(0, index)
        .findIndex((rule) => rule.match?.some((other) => sameCondition(other, condition)));
      if (earlier >= 0) {
        yield warning(
          `${path}[${index}].match[${matchIndex}]`,
          `is never used, since ${path}[${earlier}] has the same match`,
        );
      }
    }
  }
}

function sameCondition(a: object, b: object): boolean {
  return isDeepStrictEqual({ ...a, name: undefined }, { ...b, name: undefined });
}
