/**
 * Sends a bounded number of requests and prints one JSON object on what came back.
 *
 *   node client.ts --url http://quotes/ --requests 300 [--rate 200] [--connections 4] [--timeout-ms 5000]
 *
 * --rate is in requests a second (0, the default: as fast as the connections take them).
 */
import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    requests: { type: 'string', default: '100' },
    rate: { type: 'string', default: '0' },
    connections: { type: 'string', default: '4' },
    'timeout-ms': { type: 'string', default: '5000' },
    header: { type: 'string', multiple: true, default: [] as string[] },
  },
});
if (values.url === undefined) throw new Error('--url is needed, e.g. --url http://quotes/');
const url = values.url;
const requests = Math.min(Number(values.requests), 1_000_000);
const rate = Number(values.rate);
const timeoutMs = Number(values['timeout-ms']);
const headers = Object.fromEntries(
  values.header.map((line): [string, string] => {
    const [name = '', value = ''] = line.split(/:\s*/, 2);
    return [name, value];
  }),
);

interface Answer {
  readonly status: number;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: Number(values.connections) });
const report = {
  url,
  requests: 0,
  failedRequests: 0,
  resetConnections: 0,
  versions: {} as Record<string, number>,
  statuses: {} as Record<string, number>,
  clients: {} as Record<string, number>,
  servers: {} as Record<string, number>,
  unauthenticated: 0,
  errors: {} as Record<string, number>,
  /** When the first and the last failed request were sent, in seconds from the start. */
  failedBetweenSeconds: [] as number[],
  seconds: 0,
  p50Ms: 0,
  p99Ms: 0,
};
const times: number[] = [];

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

async function sendOne(): Promise<void> {
  const requestStarted = performance.now();
  try {
    const { status, body } = await send();
    count(report.statuses, String(status));
    if (status !== 200) {
      fail(requestStarted, `${String(status)} ${body.slice(0, 120).trim()}`);
      return;
    }
    times.push(performance.now() - requestStarted);
    read(JSON.parse(body) as Record<string, unknown>);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || code === 'EPIPE') report.resetConnections++;
    fail(requestStarted, code ?? message);
  } finally {
    report.requests++;
  }
}

function fail(requestStarted: number, error: string): void {
  report.failedRequests++;
  count(report.errors, error);
  const seconds = Math.round(requestStarted - started) / 1000;
  const [first = seconds, last = seconds] = report.failedBetweenSeconds;
  report.failedBetweenSeconds = [Math.min(first, seconds), Math.max(last, seconds)];
}

function read(body: Record<string, unknown>): void {
  const { version, client, server, authenticated } = (body.answer ?? body) as Record<string, unknown>;
  if (typeof version === 'string') count(report.versions, version);
  if (typeof client === 'string') count(report.clients, client);
  if (typeof server === 'string') count(report.servers, server);
  if (authenticated !== true) report.unauthenticated++;
}

function send(): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent, headers, timeout: timeoutMs }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${String(timeoutMs)} ms`)));
    request.on('error', reject);
  });
}

function quantile(q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.round((sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0) * 10) / 10;
}

const started = performance.now();
const running = new Set<Promise<void>>();
const atOnce = rate > 0 ? 1_000 : Number(values.connections);
for (let sent = 0; sent < requests; sent++) {
  if (rate > 0) await sleep(Math.max(0, started + (sent * 1000) / rate - performance.now()));
  while (running.size >= atOnce) await Promise.race(running);
  const request: Promise<void> = sendOne().finally(() => running.delete(request));
  running.add(request);
}
await Promise.all(running);
agent.destroy();
report.seconds = Math.round(performance.now() - started) / 1000;
report.p50Ms = quantile(0.5);
report.p99Ms = quantile(0.99);
console.log(JSON.stringify(report));
