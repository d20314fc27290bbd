import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLogger, formatHuman, formatJson } from './log.ts';

const time = new Date('2026-03-01T12:00:00.000Z');
const entry = { level: 'info', component: 'xds', message: 'pushed', fields: { proxies: 3 } } as const;

describe('the JSON format', () => {
  it('is one object a line', () => {
    expect(JSON.parse(formatJson(entry, time))).toEqual({
      timestamp: '2026-03-01T12:00:00.000Z',
      level: 'info',
      component: 'xds',
      message: 'pushed',
      proxies: 3,
    });
  });

  it('never lets a field hide what was said', () => {
    const line: unknown = JSON.parse(formatJson({ ...entry, fields: { message: 'other', level: 9 } }, time));
    expect(line).toMatchObject({ message: 'pushed', level: 'info', fields: { message: 'other', level: 9 } });
  });

  it('survives values that JSON has no word for', () => {
    const ring: Record<string, unknown> = { name: 'ring' };
    ring['self'] = ring;
    const shared = { a: 1 };
    const fields = { ring, big: 10n, set: new Set(['x']), map: new Map([['k', 1]]), twice: [shared, shared] };
    expect(JSON.parse(formatJson({ ...entry, fields }, time))).toMatchObject({
      ring: { name: 'ring', self: '[circular]' },
      big: '10',
      set: ['x'],
      map: { k: 1 },
      twice: [{ a: 1 }, { a: 1 }],
    });
  });
});

describe('the human format', () => {
  it('quotes only what needs it, and puts a stack on lines of its own', () => {
    const fields = { proxies: 3, node: 'sidecar~10.0.0.1', note: 'two words', error: 'Error: x\n    at f' };
    expect(formatHuman({ ...entry, fields }, time)).toBe(
      '2026-03-01T12:00:00.000Z INFO  xds: pushed proxies=3 node="sidecar~10.0.0.1" note="two words" error=\nError: x\n    at f',
    );
  });
});

describe('createLogger', () => {
  it('writes lines to its stream', async () => {
    const chunks: string[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString());
        done();
      },
    });
    createLogger({ format: 'json', stream }).child('ca').warn('soon over', { days: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(chunks.join('')).toMatch(/^\{.*"component":"ca","message":"soon over","days":2\}\n$/);
  });
});
