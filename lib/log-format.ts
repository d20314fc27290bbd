import type { LogEntry } from './logger.ts';

/** Fields that would hide one of the entry's own keys are put under `fields`. */
export function formatJson(entry: LogEntry, time: Date): string {
  const own = {
    timestamp: time.toISOString(),
    level: entry.level,
    component: entry.component,
    message: entry.message,
  };
  const clashing = Object.entries(entry.fields).filter(([name]) => name in own);
  const line = { ...own, ...entry.fields, ...own };
  return stringify(clashing.length === 0 ? line : { ...line, fields: Object.fromEntries(clashing) });
}

export function formatHuman(entry: LogEntry, time: Date): string {
  const fields = Object.entries(entry.fields).map(([name, value]) => `${name}=${formatValue(value)}`);
  const head = `${time.toISOString()} ${entry.level.toUpperCase().padEnd(5)} ${entry.component}: ${entry.message}`;
  return [head, ...fields].join(' ');
}

function formatValue(value: unknown): string {
  if (typeof value !== 'string') return stringify(value);
  // A stack is easier to read over several lines.
  if (/\n\s+at /.test(value)) return `\n${value}`;
  return /^[\w./:@%+,-]+$/.test(value) ? value : JSON.stringify(value);
}

/** JSON of values that may hold rings, big integers, maps or sets: a log call must never throw. */
function stringify(value: unknown): string {
  const ancestors: unknown[] = [];
  // Undefined for functions and symbols, which the library's type does not say.
  const text: unknown = JSON.stringify(value, function (this: unknown, _key, inner: unknown) {
    if (typeof inner === 'bigint') return inner.toString();
    if (inner instanceof Map) return Object.fromEntries<unknown>(inner);
    if (inner instanceof Set) return [...(inner as ReadonlySet<unknown>)];
    if (typeof inner !== 'object' || inner === null) return inner;
    while (ancestors.length > 0 && ancestors.at(-1) !== this) ancestors.pop();
    if (ancestors.includes(inner)) return '[circular]';
    ancestors.push(inner);
    return inner;
  });
  return typeof text === 'string' ? text : String(value);
}
