import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Credentials } from '../../lib/kube/credentials.ts';
import { loadClusterAccess } from '../../lib/kube/credentials.ts';
import { makeCertificates } from '../cluster/certificates.ts';
import { writeKubeconfig } from '../cluster/kubeconfig.ts';
import type { Fault, WatchFault } from './fault.ts';
import { lastWords } from './fault.ts';

/** A request as it came to the proxy. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly isWatch: boolean;
  /** Milliseconds of the monotonic clock. */
  readonly at: number;
  /** Undefined as long as there is no answer. */
  readonly status: number | undefined;
}

export type Match = (request: ProxiedRequest) => boolean;

/** A fault as long as it lasts. */
export interface Injection {
  /** Requests that it met so far. */
  readonly hits: readonly ProxiedRequest[];
  /** Ends it; what still hangs breaks. */
  lift(): void;
}

/** TLS in front of a real kube-apiserver on loopback, that lets a test have any request go wrong. */
export interface FaultProxy extends AsyncDisposable {
  /** A kubeconfig that leads through the proxy, with the rights of the one that it was given. */
  readonly kubeconfig: string;
  /** Every request, in order. */
  readonly requests: readonly ProxiedRequest[];
  /** Most calls, watches aside, that were under way at the same time. */
  readonly mostCallsAtOnce: number;
  /** From now on, requests that match fail so. Of several faults the first holds. */
  inject(fault: Fault, match?: Match): Injection;
  /** Has this happen to open watches; lifting it breaks those that are silent. */
  breakWatches(fault: WatchFault, match?: Match): Injection;
  /** Breaks all connections and refuses new ones, as if nobody was there. */
  leave(): Promise<void>;
  /** Listens again, at the same address. */
  comeBack(): Promise<void>;
}

const host = '127.0.0.1';

/** Starts a proxy before the API server of a kubeconfig. */
export async function startFaultProxy(kubeconfig: string): Promise<FaultProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'meltemi-faults-'));
  await makeCertificates(folder, [
    { name: 'proxy', commonName: 'proxy', ips: [host] },
    { name: 'client', commonName: 'client' },
  ]);
  const [cert = '', key = ''] = await Promise.all(
    ['proxy.crt', 'proxy.key'].map((file) => readFile(join(folder, file), 'utf8')),
  );
  const access = loadClusterAccess({ kubeconfig });
  const proxy = new Relay({ cert, key }, access.server, await access.authenticate(), folder);
  const server = await proxy.listen(0);
  await writeKubeconfig(proxy.kubeconfig, folder, 'client', { name: 'faults', server });
  return proxy;
}

interface Exchange {
  readonly entry: Mutable<ProxiedRequest>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface OpenWatch extends Exchange {
  /** Of the API server. */
  readonly upstream: IncomingMessage;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Relay implements FaultProxy {
  readonly kubeconfig: string;
  readonly requests: ProxiedRequest[] = [];
  mostCallsAtOnce = 0;
  readonly #folder: string;
  readonly #server: ReturnType<typeof createServer>;
  readonly #target: URL;
  readonly #credentials: Credentials;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  readonly #injections = new Set<{ fault: Fault; match: Match; hits: ProxiedRequest[]; held: Set<ServerResponse> }>();
  readonly #watches = new Set<OpenWatch>();
  #calls = 0;
  #port = 0;

  constructor(
    tls: { readonly cert: string; readonly key: string },
    target: string,
    credentials: Credentials,
    folder: string,
  ) {
    this.#folder = folder;
    this.kubeconfig = join(folder, 'kubeconfig');
    this.#target = new URL(target);
    this.#credentials = credentials;
    this.#server = createServer(tls, (request, response) => this.#take(request, response));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, host, resolve));
    this.#port = (this.#server.address() as AddressInfo).port;
    return `https://${host}:${this.#port}`;
  }

  inject(fault: Fault, match: Match = () => true): Injection {
    const injection = { fault, match, hits: [], held: new Set<ServerResponse>() };
    this.#injections.add(injection);
    const lift = (): void => {
      this.#injections.delete(injection);
      for (const response of injection.held) response.destroy();
    };
    return { hits: injection.hits, lift };
  }

  breakWatches(fault: WatchFault, match: Match = () => true): Injection {
    const broken = [...this.#watches].filter(({ entry }) => match(entry));
    for (const { response, upstream } of broken) {
      upstream.unpipe(response);
      upstream.resume();
      if (fault === 'reset') response.destroy();
      else if (fault !== 'silent') response.end(lastWords(fault));
    }
    const lift = (): void => broken.forEach(({ response }) => response.destroy());
    return { hits: broken.map(({ entry }) => entry), lift };
  }

  async leave(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async comeBack(): Promise<void> {
    await this.listen(this.#port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.leave();
    this.#agent.destroy();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url: path = '' } = request;
    const isWatch = path.includes('watch=true');
    const entry: Mutable<ProxiedRequest> = { method, path, isWatch, at: performance.now(), status: undefined };
    this.requests.push(entry);
    if (!isWatch) {
      this.mostCallsAtOnce = Math.max(this.mostCallsAtOnce, ++this.#calls);
      response.on('close', () => this.#calls--);
    }
    const injection = [...this.#injections].find(({ match }) => match(entry));
    injection?.hits.push(entry);
    const exchange = { entry, request, response };
    if (injection === undefined) this.#forward(exchange, (upstream) => this.#answer(exchange, upstream));
    else this.#fail(exchange, injection.fault, injection.held);
  }

  #fail(exchange: Exchange, fault: Fault, held: Set<ServerResponse>): void {
    const { entry, request, response } = exchange;
    switch (fault.kind) {
      case 'answer':
        request.resume();
        entry.status = fault.status;
        response.writeHead(fault.status, { ...fault.headers }).end(fault.body);
        return;
      case 'hang':
        request.resume();
        held.add(response);
        response.on('close', () => held.delete(response));
        return;
      case 'reset':
        response.destroy();
        return;
      case 'lost-answer':
        this.#forward(exchange, (upstream) => upstream.resume().on('end', () => response.destroy()));
        return;
      case 'delay':
        setTimeout(() => this.#forward(exchange, (upstream) => this.#answer(exchange, upstream)), fault.ms);
        return;
      case 'half-answer':
        this.#forward(exchange, (upstream) => void breakOff(upstream, response));
    }
  }

  #forward({ entry, request, response }: Exchange, answered: (upstream: IncomingMessage) => void): void {
    const { tls, headers } = this.#credentials;
    const { host: _host, connection: _connection, ...own } = request.headers;
    const upstream = httpsRequest({
      ...{ hostname: this.#target.hostname, port: this.#target.port, path: entry.path, method: entry.method },
      ...{ agent: this.#agent, headers: { ...own, ...headers }, ...tls },
    });
    upstream.on('response', (message) => {
      entry.status = message.statusCode;
      answered(message);
    });
    // The API server itself is away.
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  }

  #answer(exchange: Exchange, upstream: IncomingMessage): void {
    const { entry, response } = exchange;
    response.writeHead(upstream.statusCode ?? 502, upstream.headers);
    response.flushHeaders();
    upstream.on('error', () => response.destroy());
    upstream.on('aborted', () => response.destroy());
    upstream.pipe(response);
    if (!entry.isWatch || upstream.statusCode !== 200) return;
    const watch = { ...exchange, upstream };
    this.#watches.add(watch);
    response.on('close', () => this.#watches.delete(watch));
  }
}

async function breakOff(upstream: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of upstream as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const { 'transfer-encoding': _encoding, ...headers } = upstream.headers;
  response.writeHead(upstream.statusCode ?? 502, { ...headers, 'content-length': body.length });
  response.write(body.subarray(0, body.length / 2), () => response.destroy());
}
