import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from './logger.ts';

/** A small HTTP server for health, metrics, debug pages and webhooks. */
export interface HttpServer {
  /** Where it listens; the port is the real one when 0 was asked for. */
  readonly address: { readonly host: string; readonly port: number };
  /** Connections made from now on get this certificate (PEM). Throws when the server has no TLS or they do not match. */
  setCertificate(certificate: ServerCertificate): void;
  /** Stops listening, lets running requests end for up to `graceMs` (5,000 by default), then cuts them. */
  close(graceMs?: number): Promise<void>;
}

export interface ServerCertificate {
  /** PEM: the certificate, then its intermediates. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface HttpServerOptions {
  /** `host:port`, `[::1]:port` or `:port` for every address. */
  readonly address: string;
  /** Handlers by path. A path that ends with `/` takes everything below it that has no handler of its own. */
  readonly routes: Readonly<Record<string, HttpHandler>>;
  /** HTTPS with this certificate. */
  readonly tls?: ServerCertificate;
  /** Longest request body in bytes, 8 MiB by default; longer ones are answered by 413. */
  readonly maxBodyBytes?: number;
  readonly logger: Logger;
}

/** What it throws is logged and answered by 500. */
export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface HttpAnswer {
  /** 200 by default. */
  readonly status?: number;
  /** `text/plain` by default. */
  readonly contentType?: string;
  readonly body: string | Buffer;
}

const DEFAULT_MAX_BODY_BYTES = 8 * 1024 * 1024;
const DEFAULT_GRACE_MS = 5_000;

/** Resolves when it listens; rejects with an Error that names the address when it cannot. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const listening = (): boolean => server.listening;
  const handle = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(options, listening, request, response);
  const server: Server = options.tls === undefined ? createServer(handle) : createTlsServer({ ...options.tls }, handle);
  server.requestTimeout = 30_000;
  const { host, port } = parseAddress(options.address);
  await listen(server, host, port, options.address);
  server.on('error', (error) => options.logger.error('HTTP server failed', { address: options.address, error }));
  return {
    address: addressOf(server),
    setCertificate: (certificate) => {
      if (!isTls(server)) throw new Error(`the server on ${options.address} has no TLS`);
      server.setSecureContext({ ...certificate });
    },
    close: (graceMs = DEFAULT_GRACE_MS) => close(server, graceMs),
  };
}

/** Throws an Error that names the address when it is none. */
export function parseAddress(address: string): { readonly host: string | undefined; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw new Error(`"${address}" is not an address: host:port is wanted`);
  const host = match[1] ?? match[2] ?? '';
  return { host: host === '' ? undefined : host, port };
}

function listen(server: Server, host: string | undefined, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => reject(new Error(`cannot listen on ${address}`, { cause }));
    server.once('error', fail);
    server.listen({ port, ...(host !== undefined && { host }) }, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs);
    // Idle connections are closed by close() itself.
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function isTls(server: Server | TlsServer): server is TlsServer {
  return 'setSecureContext' in server;
}

function addressOf(server: Server): { readonly host: string; readonly port: number } {
  const address = server.address() as AddressInfo;
  return { host: address.address, port: address.port };
}

async function answer(
  options: HttpServerOptions,
  listening: () => boolean,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const result = await respond(options, request);
  if (response.destroyed) return;
  const body = Buffer.from(result.body);
  // A server that is closing waits for its connections, so none of them is to stay open for another request.
  if (!listening()) response.setHeader('connection', 'close');
  response.writeHead(result.status ?? 200, {
    'content-type': result.contentType ?? 'text/plain; charset=utf-8',
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

async function respond(options: HttpServerOptions, request: IncomingMessage): Promise<HttpAnswer> {
  const { logger } = options;
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const handler = findHandler(options.routes, url.pathname);
    if (handler === undefined) return { status: 404, body: 'not found\n' };
    const body = await readBody(request, options.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES);
    if (body === undefined) return { status: 413, body: 'the request is too long\n' };
    const { method = 'GET', headers } = request;
    return await handler({ method, path: url.pathname, query: url.searchParams, headers, body });
  } catch (error) {
    logger.error('HTTP handler failed', { path: request.url, error });
    return { status: 500, body: 'internal error\n' };
  }
}

function findHandler(routes: Readonly<Record<string, HttpHandler>>, path: string): HttpHandler | undefined {
  if (Object.hasOwn(routes, path)) return routes[path];
  const below = Object.keys(routes).filter((route) => route.endsWith('/') && path.startsWith(route));
  const longest = below.sort((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : routes[longest];
}

/** Undefined when it is longer than allowed. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= maxBytes) chunks.push(chunk);
  }
  return length <= maxBytes ? Buffer.concat(chunks) : undefined;
}
