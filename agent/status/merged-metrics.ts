import { request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { EnvoyAdmin } from '../envoy/admin.ts';
import type { AppMetrics } from '../settings.ts';
import type { AppAddress } from './app-probe.ts';

export interface MetricSources {
  readonly admin: EnvoyAdmin;
  readonly app: { readonly metrics: AppMetrics; readonly address: AppAddress } | undefined;
  /** The agent's own metrics, text format. */
  readonly own: () => string;
  readonly failed: (source: 'envoy' | 'application', error: unknown) => void;
}

/** Prometheus' text format. */
export const textFormat = 'text/plain; version=0.0.4; charset=utf-8';
/** Without a word from Prometheus, its own default time for a scrape. */
const defaultTimeoutMs = 10_000;

/**
 * Answers a scrape by the agent's, Envoy's and the application's metrics, one after the other as they come, so that the
 * size of none of them matters to the agent's memory. A source that fails is left out and counted.
 */
export async function answerScrape(
  asked: IncomingMessage,
  answer: ServerResponse,
  sources: MetricSources,
): Promise<void> {
  const seconds = Number(asked.headers['x-prometheus-scrape-timeout-seconds']);
  const timeout = AbortSignal.timeout(seconds > 0 ? seconds * 1000 : defaultTimeoutMs);
  const gone = new AbortController();
  answer.on('close', () => gone.abort());
  const signal = AbortSignal.any([timeout, gone.signal]);
  const [envoy, app] = await Promise.all([
    open('envoy', () => sources.admin.open('GET', '/stats/prometheus', signal), sources),
    open('application', () => openApp(sources, asked, signal), sources),
  ]);
  // Only the application can speak OpenMetrics; the rest is valid in both formats.
  answer.setHeader('content-type', app?.headers['content-type'] ?? textFormat);
  answer.write(sources.own());
  if (envoy !== undefined) await copy('envoy', envoy, answer, sources);
  // Last, since OpenMetrics ends with a line of its own.
  if (app !== undefined) await copy('application', app, answer, sources);
  answer.end();
}

async function open(
  source: 'envoy' | 'application',
  send: () => Promise<IncomingMessage | undefined>,
  { failed }: MetricSources,
): Promise<IncomingMessage | undefined> {
  try {
    const answer = await send();
    if (answer === undefined || answer.statusCode === 200) return answer;
    answer.destroy();
    throw new Error(`HTTP status ${answer.statusCode ?? 0}`);
  } catch (error) {
    failed(source, error);
    return undefined;
  }
}

function openApp(
  { app }: MetricSources,
  asked: IncomingMessage,
  signal: AbortSignal,
): Promise<IncomingMessage | undefined> {
  if (app === undefined) return Promise.resolve(undefined);
  const { metrics, address } = app;
  const headers = {
    accept: asked.headers.accept ?? textFormat,
    'user-agent': asked.headers['user-agent'] ?? 'pilot-agent',
  };
  return new Promise((resolve, reject) => {
    request({ ...address, port: metrics.port, path: metrics.path, headers, agent: false, signal }, resolve)
      .on('error', reject)
      .end();
  });
}

async function copy(
  source: 'envoy' | 'application',
  from: IncomingMessage,
  to: ServerResponse,
  { failed }: MetricSources,
): Promise<void> {
  try {
    if (source === 'envoy') await pipeline(from, renameMeshMetrics(), to, { end: false });
    else await pipeline(from, to, { end: false });
  } catch (error) {
    // The page ends here: Prometheus must see that it is not whole.
    to.destroy();
    failed(source, error);
  }
}

/**
 * Takes Envoy's prefix off the mesh's own metrics (`envoy_istio_requests_total` → `istio_requests_total`), which is how
 * dashboards know them, and drops empty lines, which OpenMetrics does not allow.
 */
export function renameMeshMetrics(): Transform {
  let rest = '';
  const convert = (text: string): string => {
    // Regular expressions are slow without a compiler (see agent/entrypoint.sh), and most pieces need none.
    const renamed = text.includes('envoy_istio_')
      ? text.replaceAll(/^((?:# (?:TYPE|HELP) )?)envoy_istio_/gm, '$1istio_')
      : text;
    return renamed.startsWith('\n') || renamed.includes('\n\n')
      ? renamed.replaceAll(/\n{2,}/g, '\n').replace(/^\n/, '')
      : renamed;
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      // Latin-1 keeps each byte as it is, wherever a chunk was cut.
      const text = rest + chunk.toString('latin1');
      const end = text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      done(null, Buffer.from(convert(text.slice(0, end)), 'latin1'));
    },
    flush(done) {
      done(null, rest === '' ? undefined : Buffer.from(`${convert(rest)}\n`, 'latin1'));
    },
  });
}
