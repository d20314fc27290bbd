/**
 * What was thrown, in words: the message, then those of its causes, and with `stack` the stack too. Never throws,
 * whatever the value is.
 */
export function describeError(error: unknown, options: { readonly stack?: boolean } = {}): string {
  const parts: string[] = [];
  let current: unknown = error;
  // A chain of causes may be a ring; eight is deeper than any that helps.
  for (let depth = 0; depth < 8 && current !== undefined && current !== null; depth++) {
    const part = describeOne(current, options.stack === true);
    // Wrappers often repeat the message of what they wrap.
    if (!parts.some((earlier) => earlier.includes(part))) parts.push(part);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.length === 0 ? String(error) : parts.join(': ');
}

function describeOne(error: unknown, stack: boolean): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((inner: unknown) => describeOne(inner, false)).join('; ');
  }
  if (error instanceof Error) {
    if (stack && error.stack !== undefined) return error.stack;
    return error.message === '' ? error.name : error.message;
  }
  if (typeof error === 'string') return error;
  try {
    // Undefined for functions and symbols, which the library's type does not say.
    const text: unknown = JSON.stringify(error);
    return typeof text === 'string' ? text : typeof error;
  } catch {
    return Object.prototype.toString.call(error);
  }
}

/** What was thrown as an Error, for APIs that want one. */
export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(describeError(error), { cause: error });
}

/** True for the rejection of an aborted operation. */
export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
