import type { Logger } from '../../lib/logger.ts';
import { differences, parseSaved, restoreText } from './restore-text.ts';
import type { PresentRules } from './restore-text.ts';
import type { RuleSet } from './rules.ts';
import { chooseTool, runProgram } from './tool.ts';
import type { IptablesTool, Run } from './tool.ts';

/**
 * Makes the mesh's rules of one family equal to `rules`, atomically and whatever was there, then reads them back.
 * Throws an Error that holds iptables' own words, or says what is not there afterwards.
 */
export function applyRules(
  rules: RuleSet,
  log: Logger,
  run: Run = runProgram,
  tool = chooseTool(rules.family, run),
): void {
  const text = restoreText(rules, present(tool, run));
  log.debug('applying rules', { program: tool.restore, text });
  // Waits for other users of the tables (legacy has one lock for all).
  run(tool.restore, ['--noflush', '--wait', '30'], text);
  const wrong = differences(rules, present(tool, run));
  if (wrong.length > 0) {
    throw new Error(
      `${tool.restore} succeeded, but afterwards ${wrong.join(', ')}; does something else change the pod's rules?`,
    );
  }
  log.info('traffic capture is in place', {
    family: `IPv${rules.family}`,
    program: tool.restore,
    rules: rules.rules.length,
  });
}

function present(tool: IptablesTool, run: Run): PresentRules {
  return parseSaved(run(tool.save, ['-t', 'nat']));
}
