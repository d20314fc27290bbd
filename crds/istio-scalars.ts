import { integer, number, object, string } from './schema.ts';

/** The largest value of an unsigned 32-bit integer, which is how Istio's API types ports and counts. */
const maxUint32 = 4_294_967_295;

export function uint32(description: string) {
  return integer(description, { minimum: 0, maximum: maxUint32 });
}

export function int32(description: string) {
  return integer(description, { format: 'int32' });
}

/** A length of time as Go writes it (`1.5s`, `250ms`, `1h30m`), 1 ms or more. */
export function duration(description: string) {
  return string(description, {
    rules: [
      {
        rule: "duration(self) >= duration('1ms')",
        message: 'must be a duration of at least 1ms',
      },
    ],
  });
}

/** A share of requests, 0 to 100. */
export function percent(description: string) {
  return object(description, { value: number('The share in percent, from 0 to 100.', { format: 'double' }) });
}

/** A port by its number. */
export function portSelector(description: string) {
  return object(description, { number: uint32('The port number.') });
}
