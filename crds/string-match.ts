import type { Infer } from './schema.ts';
import { object, string } from './schema.ts';

/** Istio's StringMatch: one way to compare a string; none set means that it has to be there. */
export function stringMatch(description: string) {
  return object(
    description,
    {
      exact: string('The whole string.'),
      prefix: string('What the string starts with.'),
      regex: string('A regular expression in RE2 syntax that the whole string matches.'),
    },
    { atMostOne: [['exact', 'prefix', 'regex']] },
  );
}

export type StringMatch = Infer<ReturnType<typeof stringMatch>>;
