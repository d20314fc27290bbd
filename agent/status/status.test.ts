import { createServer, request } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server as NetServer } from 'node:net';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppProbe } from '../../lib/sidecar.ts';
import { envoyAdmin, readText } from '../envoy/admin.ts';
import { frame } from '../grpc/frames.ts';
import type { AppMetrics } from '../settings.ts';
import { renderAgentMetrics } from './agent-metrics.ts';
import { renameMeshMetrics } from './merged-metrics.ts';
import { isLoopback, serveStatus } from './status-server.ts';

const servers: { close: () => unknown }[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function listen(server: NetServer | Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return (server.address() as AddressInfo).port;
}

const serve = (listener: RequestListener): Promise<number> => listen(createServer(listener));

interface Setup {
  readonly envoyPort?: number;
  readonly appMetrics?: AppMetrics;
  readonly probes?: Readonly<Record<string, AppProbe>>;
  readonly notReady?: string;
}

async function agent(setup: Setup = {}) {
  const events: string[] = [];
  const address = { host: '127.0.0.1', localAddress: '127.0.0.6' };
  const server = await serveStatus(0, {
    notReady: () => Promise.resolve(setup.notReady),
    metrics: {
      admin: envoyAdmin(setup.envoyPort ?? 1),
      app: setup.appMetrics === undefined ? undefined : { metrics: setup.appMetrics, address },
      own: () => 'agent 1\n',
      failed: (source) => events.push(`failed ${source}`),
    },
    probes: new Map(Object.entries(setup.probes ?? {})),
    app: address,
    drain: () => Promise.resolve(void events.push('drain')),
    quit: () => events.push('quit'),
  });
  servers.push(server);
  const { port } = server.address() as AddressInfo;
  const call = (path: string, method = 'GET', headers: Record<string, string> = {}) =>
    new Promise<{ status: number; body: string; type: string | undefined }>((resolve, reject) => {
      const finish = async (answer: IncomingMessage) =>
        resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'], body: await readText(answer) });
      request({ port, path, method, headers, agent: false }, (answer) => void finish(answer).catch(reject))
        .on('error', reject)
        .end();
    });
  return { call, events };
}

describe('readiness', () => {
  it('is told with the reason why not', async () => {
    expect(await (await agent()).call('/healthz/ready')).toMatchObject({ status: 200 });
    expect(await (await agent({ notReady: 'no clusters' })).call('/healthz/ready')).toMatchObject({
      status: 503,
      body: 'no clusters\n',
    });
  });
});

describe('merged metrics', () => {
  const envoy: RequestListener = (asked, answer) =>
    answer.end(
      asked.url === '/stats/prometheus'
        ? '# TYPE envoy_istio_requests_total counter\n\nenvoy_istio_requests_total{} 3'
        : '',
    );

  it('are those of the agent, of Envoy and of the application', async () => {
    const app = await serve((asked, answer) => {
      answer.setHeader('content-type', 'application/openmetrics-text; version=1.0.0');
      answer.end(`# app for ${asked.headers.accept ?? ''} from ${asked.socket.remoteAddress ?? ''}\n# EOF\n`);
    });
    const { call } = await agent({ envoyPort: await serve(envoy), appMetrics: { path: '/m', port: app } });
    expect(await call('/stats/prometheus', 'GET', { accept: 'application/openmetrics-text' })).toEqual({
      status: 200,
      type: 'application/openmetrics-text; version=1.0.0',
      body: [
        'agent 1',
        '# TYPE istio_requests_total counter',
        'istio_requests_total{} 3',
        '# app for application/openmetrics-text from 127.0.0.6',
        '# EOF',
        '',
      ].join('\n'),
    });
  });

  it('go without a source that fails, and count it', async () => {
    const app = await serve((_asked, answer) => answer.writeHead(500).end('broken'));
    const { call, events } = await agent({ appMetrics: { path: '/m', port: app } });
    expect(await call('/metrics')).toMatchObject({ status: 200, body: 'agent 1\n' });
    expect(events.sort()).toEqual(['failed application', 'failed envoy']);
  });

  it('are renamed wherever the pieces are cut', async () => {
    const text = '# HELP envoy_istio_a b envoy_istio_c\nenvoy_istio_a{x="é"} 1\n\n\nenvoy_cluster 2\n';
    for (let cut = 1; cut < Buffer.byteLength(text); cut++) {
      const bytes = Buffer.from(text);
      const pieces = Readable.from([bytes.subarray(0, cut), bytes.subarray(cut)]);
      const out = await readText(pieces.pipe(renameMeshMetrics()));
      expect(out).toBe('# HELP istio_a b envoy_istio_c\nistio_a{x="é"} 1\nenvoy_cluster 2\n');
    }
  });

  it('of the agent are in the text format, without empty ones', () => {
    const one = { name: 'a_total', type: 'counter', help: 'As.' } as const;
    expect(
      renderAgentMetrics([
        { ...one, samples: [['{x="1"}', 2]] },
        { ...one, name: 'b', samples: [] },
      ]),
    ).toBe('# HELP a_total As.\n# TYPE a_total counter\na_total{x="1"} 2\n');
  });
});

describe('probes of the application', () => {
  it('over HTTP carry their headers and give the status back', async () => {
    const app = await serve((asked, answer) => {
      const ok =
        asked.url === '/health?x=1' && asked.headers['x-probe'] === 'yes' && asked.headers.host === 'front.example';
      answer.writeHead(ok ? 204 : 418).end();
    });
    const httpHeaders = [
      { name: 'X-Probe', value: 'yes' },
      { name: 'Host', value: 'front.example' },
    ];
    const { call } = await agent({
      probes: {
        '/app-health/app/livez': { httpGet: { path: '/health?x=1', port: app, httpHeaders } },
        '/app-health/app/readyz': { httpGet: { port: app } },
      },
    });
    expect(await call('/app-health/app/livez')).toMatchObject({ status: 204 });
    expect(await call('/app-health/app/readyz')).toMatchObject({ status: 418 });
    expect(await call('/app-health/other/livez')).toMatchObject({ status: 404 });
  });

  it('over HTTP follow redirects within the host and are content with others', async () => {
    const locations: Readonly<Record<string, string>> = {
      '/here': '/end',
      '/away': 'http://elsewhere.example/',
      '/loop': '/loop',
    };
    const app = await serve((asked, answer) => {
      const location = locations[asked.url ?? ''];
      if (location === undefined) answer.writeHead(503).end();
      else answer.writeHead(302, { location }).end();
    });
    const probe = (path: string): AppProbe => ({ httpGet: { path, port: app } });
    const { call } = await agent({ probes: { '/a': probe('/here'), '/b': probe('/away'), '/c': probe('/loop') } });
    expect(await call('/a')).toMatchObject({ status: 503 });
    expect(await call('/b')).toMatchObject({ status: 200 });
    expect(await call('/c')).toMatchObject({ status: 500, body: 'stopped after 10 redirects\n' });
  });

  it('over TCP tell whether the port is open', async () => {
    const open = await serve(() => undefined);
    const { call } = await agent({
      probes: { '/open': { tcpSocket: { port: open } }, '/closed': { tcpSocket: { port: 1 } } },
    });
    expect(await call('/open')).toMatchObject({ status: 200 });
    expect(await call('/closed')).toMatchObject({ status: 500 });
  });

  it('over gRPC ask the health service', async () => {
    const server = createHttp2Server();
    server.on('stream', (stream) => {
      stream.on('data', (chunk: Buffer) => {
        const serving = chunk.includes('good');
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        stream.end(frame(Buffer.from([0x08, serving ? 1 : 2])));
      });
    });
    const port = await listen(server);
    const { call } = await agent({
      probes: { '/good': { grpc: { port, service: 'good' } }, '/bad': { grpc: { port, service: 'bad' } } },
    });
    expect(await call('/good')).toMatchObject({ status: 200 });
    expect(await call('/bad')).toMatchObject({ status: 500 });
  });
});

describe('ending', () => {
  it('is by POST from within the pod only', async () => {
    const { call, events } = await agent();
    expect(await call('/quitquitquit')).toMatchObject({ status: 405 });
    expect(events).toEqual([]);
    expect(await call('/drain', 'POST')).toMatchObject({ status: 200 });
    expect(await call('/quitquitquit', 'POST')).toMatchObject({ status: 200 });
    expect(events).toEqual(['drain', 'quit']);
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.5', '::ffff:10.1.27.0'].map(isLoopback)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
