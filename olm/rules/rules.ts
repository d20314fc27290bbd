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

/**
 * Everything that the framework's tools hold a bundle to: `bundle validate` with every suite, and the scorecard. Left out
 * are the validators of what a bundle of this format has not (package manifests, OperatorGroups), and those that look
 * into published images.
 */
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
