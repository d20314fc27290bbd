import { KubeError } from './error.ts';
import type { WatchEvent } from './client.ts';
import type { KubeObject } from './object.ts';

/**
 * The events of a watch's body, one JSON document a line. Throws `KubeError` for an ERROR event, and an Error for a
 * line that is no event: going on would mean to have missed one.
 */
export async function* readWatchEvents<T extends KubeObject>(
  operation: string,
  body: AsyncIterable<Buffer>,
): AsyncGenerator<WatchEvent<T>> {
  for await (const line of readLines(body)) {
    const event = parseEvent(operation, line);
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
      case 'DELETED':
        // The server's word is taken for the shape of its objects, here as for every answer.
        yield { type: event.type, object: event.object as unknown as T };
        break;
      case 'BOOKMARK':
        yield { type: 'BOOKMARK', resourceVersion: event.object.metadata?.resourceVersion ?? '' };
        break;
      case 'ERROR':
        throw new KubeError(operation, event.object.code ?? 500, JSON.stringify(event.object));
      default:
        throw new Error(`${operation}: unknown watch event type "${event.type}"`);
    }
  }
}

interface RawEvent {
  readonly type: string;
  readonly object: { readonly metadata?: { readonly resourceVersion?: string }; readonly code?: number };
}

function parseEvent(operation: string, line: string): RawEvent {
  try {
    const event: unknown = JSON.parse(line);
    if (isEvent(event)) return event;
  } catch (cause) {
    throw new Error(`${operation}: malformed watch event`, { cause });
  }
  throw new Error(`${operation}: malformed watch event`);
}

function isEvent(value: unknown): value is RawEvent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    typeof value.type === 'string' &&
    'object' in value &&
    typeof value.object === 'object' &&
    value.object !== null
  );
}

/** Lines without their newline. A last line that was cut off is dropped: the connection broke within it. */
async function* readLines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let partial: Buffer[] = [];
  for await (const chunk of body) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const rest = chunk.subarray(start, end);
      // Decoded by whole lines, so a chunk may end within a character.
      const line = partial.length === 0 ? rest.toString('utf8') : Buffer.concat([...partial, rest]).toString('utf8');
      partial = [];
      start = end + 1;
      if (line !== '' && line !== '\r') yield line;
    }
    if (start < chunk.length) partial.push(chunk.subarray(start));
  }
}
