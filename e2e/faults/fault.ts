/** What goes wrong with a request to the API server. */
export type Fault =
  /** Answered so, without the API server knowing. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Never answered, and the API server never knows. */
  | { readonly kind: 'hang' }
  /** The connection breaks before the API server knows. */
  | { readonly kind: 'reset' }
  /** Done, but the connection breaks before the answer. */
  | { readonly kind: 'lost-answer' }
  /** Done after so many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** The answer breaks off after half of it. */
  | { readonly kind: 'half-answer' };

/** What goes wrong with watches that are open. */
export type WatchFault =
  /** The connection breaks. */
  | 'reset'
  /** The stream ends properly, in the midst of an object. */
  | 'mid-object'
  /** A line that is no JSON. */
  | 'garbage'
  /** An ERROR event with 410. */
  | 'gone'
  /** Nothing comes any more, and the connection stays. */
  | 'silent';

/** The API server's own answer with this code. */
export function statusFault(status: number, reason: string, retryAfterSeconds?: number): Fault {
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', code: status, reason };
  const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
  return {
    kind: 'answer',
    status,
    body: JSON.stringify({ ...body, message: `injected ${reason}`, ...details }),
    headers: { 'content-type': 'application/json', ...headers },
  };
}

/** 200 with this body. */
export function bodyFault(body: string): Fault {
  return { kind: 'answer', status: 200, body, headers: { 'content-type': 'application/json' } };
}

/** What is sent to a watch before its end. */
export function lastWords(fault: Exclude<WatchFault, 'reset' | 'silent'>): string {
  switch (fault) {
    case 'mid-object':
      return '{"type":"MODIFIED","object":{"metadata":{"name":"cut';
    case 'garbage':
      return '{"type":"MODIFIED","obj\n';
    case 'gone': {
      const object = { kind: 'Status', status: 'Failure', code: 410, reason: 'Expired', message: 'injected Expired' };
      return `${JSON.stringify({ type: 'ERROR', object })}\n`;
    }
  }
}
