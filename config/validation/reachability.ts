import type { Problems } from './problem.ts';
import { warning } from './problem.ts';

interface Rule {
  readonly match?: readonly object[];
}

/** Rules are tried in order: nothing comes after one that takes everything, or after an equal match. */
export function* checkReachable(rules: readonly Rule[], path: string): Problems {
  const last = rules.findIndex(({ match }) => match === undefined || match.length === 0);
  const firstRuleWith = new Map<string, number>();
  for (const [index, { match = [] }] of rules.entries()) {
    if (last >= 0 && index > last) {
      const why = `since ${path}[${last}] before it has no match and takes everything`;
      yield warning(`${path}[${index}]`, `is never used, ${why}`);
      continue;
    }
    for (const [matchIndex, condition] of match.entries()) {
      const key = identityOf(condition);
      const earlier = firstRuleWith.get(key);
      if (earlier === undefined) firstRuleWith.set(key, index);
      else if (earlier < index) {
        const why = `since ${path}[${earlier}] has the same match`;
        yield warning(`${path}[${index}].match[${matchIndex}]`, `is never used, ${why}`);
      }
    }
  }
}

/** Equal for matches that differ in nothing but their names and the order of keys. */
function identityOf(condition: object): string {
  return JSON.stringify({ ...condition, name: undefined }, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
