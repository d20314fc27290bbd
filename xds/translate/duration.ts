import { create } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { DurationSchema } from '@bufbuild/protobuf/wkt';

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
/** The longest duration that Envoy takes, in nanoseconds (its limit is 315,576,000,000 s; this stays exact in a double). */
const longest = Number.MAX_SAFE_INTEGER;

/** Reads a duration as Go writes it (`1.5s`, `250ms`, `1h30m`); undefined where it is none, negative or beyond 104 days. */
export function parseDuration(text: string): Duration | undefined {
  if (text === '0') return durationOf(0);
  part.lastIndex = 0;
  let nanoseconds = 0;
  let end = 0;
  for (let match = part.exec(text); match !== null; match = part.exec(text)) {
    const [, amount = '', unit = ''] = match;
    nanoseconds += Number(amount) * (nanosecondsOf[unit] ?? NaN);
    end = part.lastIndex;
  }
  if (end === 0 || end !== text.length || !(nanoseconds <= longest)) return undefined;
  return durationOf(Math.round(nanoseconds));
}

/** A duration that may be left out. */
export function parseOptional(text: string | undefined): Duration | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

/** A duration of milliseconds. */
export function milliseconds(amount: number): Duration {
  return durationOf(Math.round(amount * 1e6));
}

/** No time at all, by which Envoy means "without a limit" for timeouts. */
export const zeroDuration: Duration = durationOf(0);

export function isZero(duration: Duration): boolean {
  return duration.seconds === 0n && duration.nanos === 0;
}

function durationOf(nanoseconds: number): Duration {
  return create(DurationSchema, { seconds: BigInt(Math.floor(nanoseconds / 1e9)), nanos: nanoseconds % 1e9 });
}
