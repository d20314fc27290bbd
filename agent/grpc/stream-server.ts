import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { dirname } from 'node:path';
import { grpcStatus } from '../../lib/grpc-server/status.ts';
import { frame, FrameReader, GrpcError } from './frames.ts';

/** One open call, from the server's side. */
export interface ServerCall {
  send(message: Uint8Array): void;
}

/** What a method does with what its caller sends. */
export interface CallHandler {
  /** A throw ends the call with that error's status. */
  message(bytes: Uint8Array): void;
  /** The call is over, for whatever reason. */
  closed(): void;
}

/** Bidirectional streaming methods by `/package.Service/Method`. */
export type StreamMethods = ReadonlyMap<string, (call: ServerCall) => CallHandler>;

/**
 * Serves gRPC without TLS on a Unix socket that only this user can open. Takes the place of a socket file that an earlier
 * process left behind.
 */
export async function serveStreams(socket: string, methods: StreamMethods): Promise<Http2Server> {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const open = methods.get(headers[':path'] ?? '');
    if (open === undefined) {
      stream.on('error', () => undefined);
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(grpcStatus.unimplemented) },
        { endStream: true },
      );
      return;
    }
    serveCall(stream, open);
  });
  // A broken connection of a client is the client's affair; it comes back.
  server.on('sessionError', () => undefined);
  mkdirSync(dirname(socket), { recursive: true });
  rmSync(socket, { force: true });
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(socket, () => resolve(undefined));
  await promise;
  chmodSync(socket, 0o600);
  return server;
}

function serveCall(stream: ServerHttp2Stream, open: (call: ServerCall) => CallHandler): void {
  const reader = new FrameReader();
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  let end: { readonly code: number; readonly message: string } = { code: grpcStatus.ok, message: '' };
  stream.on('wantTrailers', () => {
    stream.sendTrailers({ 'grpc-status': String(end.code), 'grpc-message': encodeURIComponent(end.message) });
  });
  const handler = open({
    send: (message) => {
      if (!stream.writableEnded && !stream.destroyed) stream.write(frame(message));
    },
  });
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) handler.message(message);
    } catch (error) {
      end =
        error instanceof GrpcError
          ? { code: error.code, message: error.message }
          : { code: grpcStatus.invalidArgument, message: error instanceof Error ? error.message : String(error) };
      stream.end();
    }
  });
  stream.on('end', () => stream.end());
  stream.on('error', () => undefined);
  stream.on('close', () => handler.closed());
}
