import winston from 'winston';
import { formatHuman, formatJson } from './log-format.ts';
import { defaultLogLevels, loggerTo } from './logger.ts';
import type { Logger, LogLevels } from './logger.ts';

export { formatHuman, formatJson } from './log-format.ts';
export { parseLogLevels, recordingLogger, silentLogger } from './logger.ts';
export type { LogEntry, LogFields, Logger, LogLevel, LogLevels } from './logger.ts';

export interface LogOptions {
  /** One JSON object a line, or a line for people. */
  readonly format: 'json' | 'human';
  readonly levels?: LogLevels;
  /** Where lines go; standard error by default, since the CLI's output proper goes to standard output. */
  readonly stream?: NodeJS.WritableStream;
}

/**
 * The process's logger, over winston. (`lib/logger.ts` holds the interface and everything that works without winston,
 * for bundles that must stay small.)
 */
export function createLogger(options: LogOptions): Logger {
  const sink = winston.createLogger({
    level: 'debug',
    format: winston.format.printf((info) => (typeof info.message === 'string' ? info.message : '')),
  });
  // winston's declarations do not say that its own transports are transports.
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment
  sink.add(new winston.transports.Stream({ stream: options.stream ?? process.stderr }));
  const format = options.format === 'json' ? formatJson : formatHuman;
  return loggerTo(
    (entry) => sink.log({ level: entry.level, message: format(entry, new Date()) }),
    options.levels ?? defaultLogLevels,
  );
}
