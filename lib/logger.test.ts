import { describe, expect, it } from 'vitest';
import { loggerTo, parseLogLevels, recordingLogger } from './logger.ts';
import type { LogEntry } from './logger.ts';

describe('parseLogLevels', () => {
  it('reads one level for everything', () => {
    expect(parseLogLevels('warn')).toEqual({ default: 'warn', components: new Map() });
  });

  it('reads levels by component, the later one winning', () => {
    expect(parseLogLevels('default:error, xds:debug,ca:none,xds:info')).toEqual({
      default: 'error',
      components: new Map([
        ['xds', 'info'],
        ['ca', 'none'],
      ]),
    });
  });

  it.each([
    ['xds:loud', 'log level "xds:loud": "loud" is not one of debug, info, warn, error, none'],
    ['info,:debug', 'log level ":debug" has no component before the colon'],
    ['verbose', 'log level "verbose": "verbose" is not one of debug, info, warn, error, none'],
  ])('names the part that is wrong in %s', (text, message) => {
    expect(() => parseLogLevels(text)).toThrow(message);
  });
});

describe('a logger', () => {
  function collect(levels: string) {
    const entries: LogEntry[] = [];
    return { entries, logger: loggerTo((entry) => entries.push(entry), parseLogLevels(levels)) };
  }

  it('lets through by the level of the component', () => {
    const { entries, logger } = collect('warn,xds:debug,ca:none');
    logger.info('no');
    logger.warn('yes');
    logger.child('xds').debug('yes too');
    logger.child('ca').error('no');
    expect(entries.map(({ component, message }) => [component, message])).toEqual([
      ['default', 'yes'],
      ['xds', 'yes too'],
    ]);
    expect(logger.isDebugEnabled()).toBe(false);
    expect(logger.child('xds').isDebugEnabled()).toBe(true);
  });

  it('carries the fields of its parents, the nearest winning', () => {
    const { entries, logger } = collect('info');
    logger.child('a', { x: 1, y: 1 }).child('b', { y: 2 }).info('m', { z: 3, nothing: undefined });
    expect(entries[0]?.fields).toEqual({ x: 1, y: 2, z: 3 });
  });

  it('renders an error with its causes, and with the stack only where debug is on', () => {
    const error = new Error('outer', { cause: new Error('inner') });
    const quiet = collect('info');
    quiet.logger.error('m', { error });
    expect(quiet.entries[0]?.fields['error']).toBe('outer: inner');
    const loud = collect('debug');
    loud.logger.error('m', { error });
    expect(loud.entries[0]?.fields['error']).toMatch(/Error: outer\n\s+at .*\n[^]*Error: inner/);
  });

  it('keeps everything when it is a recording one', () => {
    const logger = recordingLogger();
    logger.child('x').debug('m', { a: 1 });
    expect(logger.entries).toEqual([{ level: 'debug', component: 'x', message: 'm', fields: { a: 1 } }]);
  });
});
