import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { createServer as createTlsServer } from 'node:tls';
import { parseAddress } from '../http-server.ts';
import type { GrpcLimits } from './limits.ts';
import { defaultGrpcLimits } from './limits.ts';
import type { GrpcMethods } from './methods.ts';
import { paced } from './paced.ts';
import { ServerConnection } from './server-connection.ts';

/** What a TLS server shows, and whom it believes; PEM. */
export interface ServerTls {
  readonly privateKey: string;
  /** The server's own certificate first. */
  readonly certificateChain: string;
  /** Client certificates are verified against these; a client with another one counts as having none. */
  readonly clientRoots: string;
}

export interface GrpcServerOptions {
  /** `host:port`, `[::1]:port`, `:port` for every address, or `unix:path`. */
  readonly address: string;
  /** TLS that takes client certificates without requiring one; plaintext when it is undefined. */
  readonly tls?: ServerTls;
  readonly methods: GrpcMethods;
  /** Those that are left out are {@link defaultGrpcLimits}. */
  readonly limits?: Partial<GrpcLimits>;
  /** A method or its handler threw what is no `GrpcError`, or the listening socket failed. */
  readonly onFault?: (error: unknown) => void;
}

export interface GrpcServer {
  /** 0 for a server on a Unix socket. */
  readonly port: number;
  readonly connectionCount: number;
  /** Connections made from now on use `tls`; those that are open go on. Throws when key and certificate do not match. */
  setTls(tls: ServerTls): void;
  /** Takes no more calls, lets running ones end for up to `graceMs`, then ends them with UNAVAILABLE. */
  close(graceMs: number): Promise<void>;
}

const backlog = 4096;

/**
 * TLS handshakes that begin in one round of the event loop, a millisecond each: five hundred pods that start together do
 * not hold up a push to those that run.
 */
const handshakesAtOnce = 4;

/** Starts a gRPC server; rejects with an Error that names the address when it can't listen there. */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { tls, onFault = ignore } = options;
  const limits = { ...defaultGrpcLimits, ...options.limits };
  const methods = new Map(Object.entries(options.methods));
  const connections = new Set<ServerConnection>();
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    const connection = new ServerConnection(socket, { methods, limits, onFault });
    connections.add(connection);
    void connection.closed.then(() => connections.delete(connection));
  };
  const secure = tls === undefined ? undefined : createTlsServer(tlsOptions(limits, tls));
  // The TLS server does not listen: it is handed connections of the plain one, not all at once of those that come at once.
  const shakeHands = paced<Socket>(handshakesAtOnce, (socket) => secure?.emit('connection', socket));
  const server =
    secure === undefined ? createServer(serve) : createServer({ pauseOnConnect: true, noDelay: true }, shakeHands);
  secure?.on('secureConnection', (socket) => (socket.alpnProtocol === 'h2' ? serve(socket) : socket.destroy()));
  secure?.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, options.address);
  server.on('error', onFault);
  const address = server.address();
  return {
    port: isAddressInfo(address) ? address.port : 0,
    get connectionCount() {
      return connections.size;
    },
    setTls(next) {
      if (secure === undefined) throw new Error(`the gRPC server on ${options.address} has no TLS`);
      secure.setSecureContext(contextOptions(next));
    },
    close: (graceMs) => close(server, connections, sockets, graceMs),
  };
}

const ignore = (): void => undefined;

function tlsOptions(limits: GrpcLimits, tls: ServerTls): TlsOptions {
  return {
    ...contextOptions(tls),
    ALPNProtocols: ['h2'],
    handshakeTimeout: limits.handshakeTimeoutMs,
    requestCert: true,
    // A caller may have a token instead.
    rejectUnauthorized: false,
  };
}

function contextOptions({ privateKey, certificateChain, clientRoots }: ServerTls) {
  return { key: privateKey, cert: certificateChain, ca: clientRoots, minVersion: 'TLSv1.2' } as const;
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void => reject(new Error(`cannot listen on ${address}`, { cause }));
    server.once('error', fail);
    server.listen(listenOptions(address), () => {
      server.off('error', fail);
      resolve();
    });
  });
}

function listenOptions(address: string): ListenOptions {
  if (address.startsWith('unix:')) return { path: address.slice('unix:'.length), backlog };
  const { host, port } = parseAddress(address);
  return { port, backlog, ...(host === undefined ? {} : { host }) };
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function close(
  server: Server,
  connections: ReadonlySet<ServerConnection>,
  sockets: ReadonlySet<Socket>,
  graceMs: number,
): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  const open = [...connections];
  for (const connection of open) connection.close(graceMs, 'this server is shutting down');
  await Promise.all(open.map(({ closed }) => closed));
  // Those that never came to be connections, as in the middle of a handshake.
  for (const socket of sockets) socket.destroy();
  await stopped;
}
