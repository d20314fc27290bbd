import { create } from '@bufbuild/protobuf';
import type { Duration } from '@bufbuild/protobuf/wkt';
import { DurationSchema } from '@bufbuild/protobuf/wkt';
import { durationMs } from '../../lib/duration.ts';

/** The longest duration that Envoy takes, in nanoseconds (its limit is 315,576,000,000 s; this stays exact in a double). */
const longest = Number.MAX_SAFE_INTEGER;

/** Reads a duration as Go writes it (`1.5s`, `250ms`, `1h30m`); undefined where it is none, negative or beyond 104 days. */
export function parseDuration(text: string): Duration | undefined {
  const nanoseconds = Math.round((durationMs(text) ?? NaN) * 1e6);
  return nanoseconds <= longest ? durationOf(nanoseconds) : undefined;
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
