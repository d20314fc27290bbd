import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import type { AppProbe } from '../../lib/sidecar.ts';
import { runProbe } from './app-probe.ts';
import type { AppAddress } from './app-probe.ts';
import { answerScrape } from './merged-metrics.ts';
import type { MetricSources } from './merged-metrics.ts';

export interface StatusOptions {
  /** Why the proxy is not ready, or undefined. */
  readonly notReady: () => Promise<string | undefined>;
  readonly metrics: MetricSources;
  readonly probes: ReadonlyMap<string, AppProbe>;
  readonly app: AppAddress;
  /** Tells Envoy to drain its inbound side. */
  readonly drain: () => Promise<void>;
  /** Ends the sidecar. */
  readonly quit: () => void;
}

/** More than the kubelet and any number of scrapers need; a flood must not cost the pod its memory. */
const maxConnections = 128;

/** The agent's HTTP server, on all addresses of the pod; rejects when the port is taken. */
export async function serveStatus(port: number, options: StatusOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response, options).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else reply(response, 500, error instanceof Error ? error.message : String(error));
    });
  });
  server.maxConnections = maxConnections;
  server.keepAliveTimeout = 5000;
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  server.once('error', reject);
  server.listen(port, () => resolve(undefined));
  await promise;
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, options: StatusOptions): Promise<void> {
  const [path = ''] = (request.url ?? '').split('?');
  switch (path) {
    case '/healthz/ready': {
      const reason = await options.notReady();
      return reply(response, reason === undefined ? 200 : 503, reason ?? 'ready');
    }
    case '/metrics':
    case '/stats/prometheus':
      return answerScrape(request, response, options.metrics);
    case '/drain':
      if (refused(request, response)) return;
      await options.drain();
      return reply(response, 200, 'draining');
    case '/quitquitquit':
      if (refused(request, response)) return;
      reply(response, 200, 'the sidecar ends');
      return options.quit();
  }
  const probe = options.probes.get(path);
  if (probe === undefined) return reply(response, 404, `there is nothing at ${path}`);
  const { status, body } = await runProbe(probe, options.app, forwarded(request));
  reply(response, status, body);
}

/** Answers those who may not change anything: it takes a POST from within the pod. */
function refused(request: IncomingMessage, response: ServerResponse): boolean {
  if (!isLoopback(request.socket.remoteAddress ?? '')) reply(response, 403, 'only from within the pod');
  else if (request.method !== 'POST') reply(response, 405, 'only by POST');
  else return false;
  return true;
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** The kubelet's headers for the application, without those that belong to its connection to the agent. */
function forwarded({ headers }: IncomingMessage): OutgoingHttpHeaders {
  const {
    host: _host,
    connection: _connection,
    'keep-alive': _keepAlive,
    'accept-encoding': _encoding,
    ...rest
  } = headers;
  return rest;
}

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text === '' ? '' : `${text}\n`);
}
