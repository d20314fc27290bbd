import type { Dispatcher } from 'undici';
import { toError } from '../errors.ts';
import { checkedDispatcher } from './checked-dispatcher.ts';
import type { ClusterAccess } from './credentials.ts';
import { ConnectionSet } from './connections.ts';
import { Deadline } from './deadline.ts';
import { ConnectionError, KubeError } from './error.ts';

export interface TransportRequest {
  /** For messages, e.g. `get services default/web`. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Doing it twice is as good as once, so a broken connection is no reason to give up. */
  readonly repeatable: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** See CallOptions. */
  readonly beforeSend?: () => void;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const MAX_ATTEMPTS = 5;

/** HTTP to one API server: authentication, time limits, retries, and errors as KubeError. */
export class Transport {
  readonly server: string;
  readonly #connections: ConnectionSet;
  readonly #origin: string;
  readonly #basePath: string;

  constructor(access: ClusterAccess) {
    const url = new URL(access.server);
    this.server = access.server;
    this.#origin = url.origin;
    this.#basePath = url.pathname.replace(/\/$/, '');
    this.#connections = new ConnectionSet(access);
  }

  /** The body of a successful answer. */
  async send(request: TransportRequest): Promise<string> {
    using deadline = new Deadline(request.operation, request.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await this.#dispatch(request, 'calls', deadline.signal);
        return await readBody(request, response);
      } catch (error) {
        deadline.throwIfOver(error);
        const delayMs = attempt < MAX_ATTEMPTS ? retryDelayMs(request, error, attempt) : undefined;
        if (delayMs === undefined || delayMs >= deadline.remainingMs()) throw this.#explain(request, error);
        if (error instanceof KubeError && error.status === 401) this.#connections.invalidate();
        await deadline.sleep(delayMs);
      }
    }
  }

  /**
   * The body of a watch as it comes, without retries: the caller's loop is the retry. The time limit is for the
   * headers only.
   */
  async open(request: TransportRequest): Promise<Dispatcher.ResponseData['body']> {
    using deadline = new Deadline(request.operation, request.timeoutMs ?? DEFAULT_TIMEOUT_MS, request.signal);
    try {
      const response = await this.#dispatch(request, 'watches', request.signal, deadline.remainingMs());
      if (response.statusCode === 200) return response.body;
      if (response.statusCode === 401) this.#connections.invalidate();
      // Nothing else ends the body of a refusal that never comes.
      deadline.signal.addEventListener('abort', () => response.body.destroy(toError(deadline.signal.reason)));
      await readBody(request, response);
      throw new KubeError(request.operation, response.statusCode, 'the server answered without a stream');
    } catch (error) {
      deadline.throwIfOver(error);
      throw this.#explain(request, error);
    }
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  async #dispatch(
    request: TransportRequest,
    pool: 'calls' | 'watches',
    signal: AbortSignal | undefined,
    headersTimeout = 0,
  ): Promise<Dispatcher.ResponseData> {
    const connections = await this.#connections.get();
    const { beforeSend } = request;
    const dispatcher = beforeSend === undefined ? connections[pool] : checkedDispatcher(connections[pool], beforeSend);
    return dispatcher.request({
      origin: this.#origin,
      path: this.#basePath + request.path,
      method: request.method,
      headers: { accept: 'application/json', 'user-agent': 'meltemi', ...connections.headers, ...request.headers },
      body: request.body ?? null,
      signal: signal ?? null,
      headersTimeout,
    });
  }

  #explain(request: TransportRequest, error: unknown): unknown {
    if (!isConnectionError(error)) return error;
    return new ConnectionError(`${request.operation}: no connection to the API server at ${this.server}`, {
      cause: error,
    });
  }
}

async function readBody(request: TransportRequest, response: Dispatcher.ResponseData): Promise<string> {
  const body = await response.body.text();
  if (response.statusCode >= 200 && response.statusCode < 300) return body;
  const retryAfter = response.headers['retry-after'];
  throw new KubeError(
    request.operation,
    response.statusCode,
    body,
    typeof retryAfter === 'string' ? retryAfter : undefined,
  );
}

/** Milliseconds until the next attempt; undefined when there must be none. */
function retryDelayMs(request: TransportRequest, error: unknown, attempt: number): number | undefined {
  if (error instanceof KubeError) return retryAfterMs(request, error, attempt);
  const code = connectionErrorCode(error);
  if (code === undefined) return undefined;
  // Nothing was sent when no connection came about.
  const unsent = code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT';
  if (!unsent && !request.repeatable) return undefined;
  return 100 * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
}

function retryAfterMs(request: TransportRequest, error: KubeError, attempt: number): number | undefined {
  // A token may just have been renewed; once is enough to find out.
  if (error.status === 401) return attempt === 1 ? 0 : undefined;
  if (error.retryAfterSeconds === undefined) return undefined;
  if (error.status !== 429 && !(error.status >= 500 && request.repeatable)) return undefined;
  // A server that asks for no time at all is not to be met by a burst.
  return Math.max(error.retryAfterSeconds * 1000, 10 * 2 ** attempt);
}

const connectionErrorCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

function connectionErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && connectionErrorCodes.has(error.code)) return error.code;
  // Several addresses were tried (AggregateError), or the socket's error is wrapped.
  const inner: unknown = error instanceof AggregateError ? error.errors[0] : error.cause;
  return inner === undefined ? undefined : connectionErrorCode(inner);
}

/** Whether the connection failed, rather than the API server refused. */
export function isConnectionError(error: unknown): boolean {
  return connectionErrorCode(error) !== undefined;
}
