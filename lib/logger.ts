import { describeError } from './errors.ts';

/** Structured fields beside a message. `Error` values are rendered as their message and chain of causes. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every component logs through. Messages are constant sentences; what varies goes into fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger of the named component (its level is set by that name), whose every entry carries `fields`. */
  child(component: string, fields?: LogFields): Logger;
  /** Whether `debug` does anything: for entries whose fields cost something to make. */
  isDebugEnabled(): boolean;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Levels by component; `default` holds for those without their own. `none` silences a component. */
export interface LogLevels {
  readonly default: LogLevel | 'none';
  readonly components: ReadonlyMap<string, LogLevel | 'none'>;
}

export interface LogEntry {
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly fields: LogFields;
}

export const defaultLogLevels: LogLevels = { default: 'info', components: new Map() };

/**
 * Reads `--log-level`: `debug` alone, or parts separated by commas, `default:info,xds:debug`. A later part wins.
 * Throws an Error that names the part which is wrong.
 */
export function parseLogLevels(text: string): LogLevels {
  let fallback: LogLevel | 'none' = defaultLogLevels.default;
  const components = new Map<string, LogLevel | 'none'>();
  for (const part of text.split(',').map((raw) => raw.trim())) {
    if (part === '') continue;
    const [component, level] = splitPart(part);
    if (component === 'default') fallback = level;
    else components.set(component, level);
  }
  return { default: fallback, components };
}

function splitPart(part: string): readonly [component: string, level: LogLevel | 'none'] {
  const colon = part.lastIndexOf(':');
  const component = colon < 0 ? 'default' : part.slice(0, colon).trim();
  const level = part.slice(colon + 1).trim();
  if (component === '') throw new Error(`log level "${part}" has no component before the colon`);
  if (!isLevel(level)) {
    throw new Error(`log level "${part}": "${level}" is not one of ${[...logLevels, 'none'].join(', ')}`);
  }
  return [component, level];
}

function isLevel(text: string): text is LogLevel | 'none' {
  return text === 'none' || logLevels.some((level) => level === text);
}

/** A logger that hands the entries which pass `levels` to `write`. */
export function loggerTo(
  write: (entry: LogEntry) => void,
  levels: LogLevels = defaultLogLevels,
  component = 'default',
  bound: LogFields = {},
): Logger {
  const threshold = rank(levels.components.get(component) ?? levels.default);
  const log =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (rank(level) < threshold) return;
      write({ level, component, message, fields: renderFields({ ...bound, ...fields }, threshold === 0) });
    };
  return {
    debug: log('debug'),
    info: log('info'),
    warn: log('warn'),
    error: log('error'),
    child: (name, fields) => loggerTo(write, levels, name, { ...bound, ...fields }),
    isDebugEnabled: () => threshold === 0,
  };
}

function rank(level: LogLevel | 'none'): number {
  return level === 'none' ? logLevels.length : logLevels.indexOf(level);
}

function renderFields(fields: LogFields, withStack: boolean): LogFields {
  const rendered: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    rendered[name] = value instanceof Error ? describeError(value, { stack: withStack }) : value;
  }
  return rendered;
}

/** A logger for tests, which keeps every entry of every level. */
export function recordingLogger(): Logger & { readonly entries: readonly LogEntry[] } {
  const entries: LogEntry[] = [];
  const logger = loggerTo((entry) => entries.push(entry), { default: 'debug', components: new Map() });
  return { ...logger, entries };
}

/** A logger that drops everything. */
export const silentLogger: Logger = loggerTo(() => undefined, { default: 'none', components: new Map() });
