import { connect } from 'node:http2';
import type {
  ClientHttp2Session,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
  SecureClientSessionOptions,
} from 'node:http2';
import { grpcStatus } from '../../lib/grpc-server/status.ts';
import { frame, FrameReader, GrpcError } from './frames.ts';

export interface UnaryCall {
  /** `https://host:port`, or `http://host:port` for HTTP/2 without TLS. */
  readonly target: string;
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly request: Uint8Array;
  readonly metadata?: Readonly<Record<string, string>>;
  /** For the whole call, connecting included. */
  readonly timeoutMs: number;
  readonly tls?: Pick<SecureClientSessionOptions, 'ca' | 'servername' | 'minVersion'>;
  /** Address that the connection comes from. */
  readonly localAddress?: string;
}

/**
 * One gRPC call over a connection of its own. Calls of the agent are rare (one in hours), so that a connection kept
 * open would only cost memory on both sides. Rejects with a GrpcError: the server's status, or `unavailable` and
 * `deadlineExceeded` when there was none.
 */
export async function unaryCall(call: UnaryCall): Promise<Uint8Array> {
  const session = connect(call.target, {
    ...call.tls,
    ...(call.localAddress === undefined ? {} : { localAddress: call.localAddress }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const timer = setTimeout(() => {
    reject(new GrpcError(grpcStatus.deadlineExceeded, `no answer from ${call.target} within ${call.timeoutMs} ms`));
  }, call.timeoutMs);
  session.on('error', (error: Error) => {
    reject(new GrpcError(grpcStatus.unavailable, `connection to ${call.target}: ${error.message}`));
  });
  session.on('close', () => {
    reject(new GrpcError(grpcStatus.unavailable, `${call.target} closed the connection`));
  });
  try {
    exchange(session, call, resolve, reject);
    return await promise;
  } finally {
    clearTimeout(timer);
    session.destroy();
  }
}

function exchange(
  session: ClientHttp2Session,
  call: UnaryCall,
  resolve: (message: Uint8Array) => void,
  reject: (error: Error) => void,
): void {
  const stream = session.request({
    ...call.metadata,
    ':method': 'POST',
    ':path': call.path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${call.timeoutMs}m`,
  });
  const reader = new FrameReader();
  let message: Uint8Array | undefined;
  let status: GrpcError | 'ok' | undefined;
  const noteStatus = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void => {
    status ??= readStatus(headers);
  };
  stream.on('response', noteStatus);
  stream.on('trailers', noteStatus);
  stream.on('data', (chunk: Buffer) => {
    try {
      message = reader.push(chunk).at(-1) ?? message;
    } catch (error) {
      reject(error instanceof Error ? error : new Error(String(error)));
    }
  });
  stream.on('error', (error: Error) => {
    // Why the connection failed, rather than that the stream on it was given up.
    const cause = error.cause instanceof Error ? error.cause : error;
    reject(new GrpcError(grpcStatus.unavailable, cause.message));
  });
  stream.on('end', () => {
    if (status === 'ok' && message !== undefined) resolve(message);
    else if (status instanceof GrpcError) reject(status);
    else reject(new GrpcError(grpcStatus.internal, `${call.target} ended its answer without a message or a status`));
  });
  stream.end(frame(call.request));
}

/** Status from headers or trailers (gRPC over HTTP/2, "Responses"); undefined when it is still to come. */
function readStatus(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): GrpcError | 'ok' | undefined {
  const code = headers['grpc-status'];
  if (typeof code === 'string') {
    return code === '0' ? 'ok' : new GrpcError(Number(code), decodeMessage(headers['grpc-message']));
  }
  const http = headers[':status'];
  if (http !== undefined && http !== 200) {
    return new GrpcError(grpcStatus.unavailable, `HTTP status ${http} instead of a gRPC answer`);
  }
  return undefined;
}

function decodeMessage(text: string | readonly string[] | undefined): string {
  const encoded = typeof text === 'string' ? text : '';
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
