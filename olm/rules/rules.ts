import { bundleContentRules } from './bundle-content.ts';
import { bundleFormatRules } from './bundle-format.ts';
import { csvRules } from './csv.ts';
import { definitionRules } from './definitions.ts';
import { deprecatedApiRules } from './deprecated-apis.ts';
import { goodPracticeRules } from './good-practices.ts';
import { objectRules } from './objects.ts';
import { operatorHubRules } from './operatorhub.ts';
import type { Rule } from './rule.ts';
import { scorecardRules } from './scorecard.ts';

/** Everything that the framework's tools hold a bundle to: `bundle validate` with every suite, and the scorecard. */
export const rules: readonly Rule[] = [
  ...bundleFormatRules,
  ...bundleContentRules,
  ...csvRules,
  ...definitionRules,
  ...operatorHubRules,
  ...goodPracticeRules,
  ...deprecatedApiRules,
  ...objectRules,
  ...scorecardRules,
];
