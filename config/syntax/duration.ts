const nanosecondsOf: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)/gy;

/**
 * Reads a duration as Go writes it (`1.5s`, `250ms`, `1h30m`), in nanoseconds. Undefined where it is none, negative,
 * or so long (over 104 days) that a double would not hold it exactly.
 */
export function durationNanoseconds(text: string): number | undefined {
  if (text === '0') return 0;
  part.lastIndex = 0;
  let nanoseconds = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [, amount = '', unit = ''] = match;
    nanoseconds += Number(amount) * (nanosecondsOf[unit] ?? NaN);
    end = part.lastIndex;
  }
  if (end === 0 || end !== text.length || !(nanoseconds <= Number.MAX_SAFE_INTEGER)) return undefined;
  return Math.round(nanoseconds);
}
