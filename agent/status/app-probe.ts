import { request as httpRequest } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, RequestOptions } from 'node:http';
import { connect } from 'node:net';
import type { AppProbe } from '../../lib/sidecar.ts';
import { unaryCall } from '../grpc/unary-call.ts';
import { encodeHealthCheckRequest, healthCheckPath, isServing } from '../wire/health-check.ts';

/**
 * Where the application is asked. Its own address rather than loopback, as the kubelet would, and from the source address
 * that the traffic capture leaves alone, so that Envoy (and its demand for mutual TLS) is not in the way.
 */
export interface AppAddress {
  readonly host: string;
  readonly localAddress: string;
}

export interface ProbeResult {
  /** HTTP status for the kubelet. */
  readonly status: number;
  readonly body: string;
}

/** Redirects that the kubelet follows, too. */
const maxRedirects = 10;

/** Does what the kubelet would have done for the probe. Never rejects. */
export async function runProbe(probe: AppProbe, app: AppAddress, headers: OutgoingHttpHeaders): Promise<ProbeResult> {
  const timeoutMs = Math.max(1, probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.httpGet !== undefined) return await probeHttp(probe.httpGet, app, headers, timeoutMs);
    if (probe.tcpSocket !== undefined) return await probeTcp(probe.tcpSocket.port, app, timeoutMs);
    if (probe.grpc !== undefined) return await probeGrpc(probe.grpc, app, timeoutMs);
    return { status: 500, body: 'the probe has no action' };
  } catch (error) {
    return { status: 500, body: error instanceof Error ? error.message : String(error) };
  }
}

async function probeHttp(
  action: NonNullable<AppProbe['httpGet']>,
  app: AppAddress,
  incoming: OutgoingHttpHeaders,
  timeoutMs: number,
): Promise<ProbeResult> {
  const scheme = action.scheme?.toUpperCase() === 'HTTPS' ? 'https' : 'http';
  const host = app.host.includes(':') ? `[${app.host}]` : app.host;
  const headers: OutgoingHttpHeaders = {
    'user-agent': 'kube-probe/meltemi',
    ...incoming,
    host: `${host}:${action.port}`,
  };
  for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
  const signal = AbortSignal.timeout(timeoutMs);
  const path = action.path ?? '/';
  let url = new URL(`${scheme}://${host}:${action.port}${path.startsWith('/') ? path : `/${path}`}`);
  for (let redirects = 0; ; redirects++) {
    const answer = await get(url, { localAddress: app.localAddress, headers, signal });
    const status = answer.statusCode ?? 500;
    const { location } = answer.headers;
    answer.destroy();
    if (status < 300 || status >= 400 || location === undefined) return { status, body: '' };
    const next = new URL(location, url);
    // Elsewhere is not the application's health; that it answered is enough (as the kubelet).
    if (next.hostname !== url.hostname) return { status: 200, body: '' };
    if (redirects === maxRedirects) return { status: 500, body: `stopped after ${maxRedirects} redirects` };
    url = next;
  }
}

async function get(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  // Loaded when there is such a probe: few pods have one, and each would pay for it.
  const send = url.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  return new Promise((resolve, reject) => {
    // Like the kubelet's, a probe does not check the certificate.
    send(
      url,
      { ...options, agent: false, ...(url.protocol === 'https:' ? { rejectUnauthorized: false } : {}) },
      resolve,
    )
      .on('error', reject)
      .end();
  });
}

function probeTcp(port: number, app: AppAddress, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, ...app, timeout: timeoutMs });
    socket.on('connect', () => {
      socket.destroy();
      resolve({ status: 200, body: '' });
    });
    socket.on('timeout', () =>
      socket.destroy(new Error(`port ${port} did not accept a connection within ${timeoutMs} ms`)),
    );
    socket.on('error', reject);
  });
}

async function probeGrpc(
  action: NonNullable<AppProbe['grpc']>,
  app: AppAddress,
  timeoutMs: number,
): Promise<ProbeResult> {
  const host = app.host.includes(':') ? `[${app.host}]` : app.host;
  const answer = await unaryCall({
    target: `http://${host}:${action.port}`,
    path: healthCheckPath,
    request: encodeHealthCheckRequest(action.service ?? ''),
    timeoutMs,
    localAddress: app.localAddress,
  });
  return isServing(answer) ? { status: 200, body: '' } : { status: 500, body: 'the service is not serving' };
}
