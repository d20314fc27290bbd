import type { Infer } from './schema.ts';
import { array, map, object, string } from './schema.ts';

function operations(description: string) {
  return object(description, {
    set: map('Headers to overwrite, by name.', string('The new value.')),
    add: map('Headers to append to, by name.', string('The value to append.')),
    remove: array('Headers to take away.', string('Name of a header.')),
  });
}

/** Istio's Headers: changes to request and response headers. */
export function headers(description: string) {
  return object(description, {
    request: operations('Changes to requests before they are forwarded.'),
    response: operations('Changes to responses before they are returned.'),
  });
}

export type Headers = Infer<ReturnType<typeof headers>>;
export type HeaderOperations = Infer<ReturnType<typeof operations>>;
