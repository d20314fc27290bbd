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
  if (path === '/healthz/ready') {
    const reason = await options.notReady();
    reply(response, reason === undefined ? 200 : 503, reason ?? 'ready');
  } else if (path === '/metrics' || path === '/stats/prometheus') {
    await answerScrape(request, response, options.metrics);
  } else if (path === '/drain' || path === '/quitquitquit') {
    if (refused(request, response)) return;
    if (path === '/drain') await options.drain();
    reply(response, 200, path === '/drain' ? 'draining' : 'the sidecar ends');
    if (path === '/quitquitquit') options.quit();
  } else {
    const probe = options.probes.get(path);
    const { status, body } =
      probe === undefined
        ? { status: 404, body: `there is nothing at ${path}` }
        : await runProbe(probe, options.app, forwarded(request));
    reply(response, status, body);
  }
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
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !connectionHeaders.has(name)));
}

const connectionHeaders: ReadonlySet<string> = new Set(['host', 'connection', 'keep-alive', 'accept-encoding']);

function reply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text === '' ? '' : `${text}\n`);
}
