import { writeSync } from 'node:fs';
import { formatHuman, formatJson } from '../lib/log-format.ts';
import { loggerTo } from '../lib/logger.ts';
import type { Logger, LogLevels } from '../lib/logger.ts';

/** The agent's logger: a line an entry on standard error, without winston, which would cost each pod some MiB. */
export function createConsoleLog(levels: LogLevels, format: 'json' | 'human'): Logger {
  const render = format === 'json' ? formatJson : formatHuman;
  return loggerTo((entry) => {
    try {
      writeSync(2, `${render(entry, new Date())}\n`);
    } catch {
      // Nobody reads, or the pipe is full: a lost line is better than a lost agent.
    }
  }, levels);
}
