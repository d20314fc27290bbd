/**
 * A small application to try a mesh with: `front` asks `quotes` for a quote, and `quotes` runs in three versions.
 *
 * Environment: VERSION (of quotes), UPSTREAM (URL that front asks; a server without it answers by itself), PORT.
 */
import { createServer, get } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';

const { VERSION = 'v1', UPSTREAM, PORT = '8080' } = process.env;

const quotes: Readonly<Record<string, string>> = {
  v1: 'The wind does not ask which sail it fills.',
  v2: 'A calm sea never made a good sailor.',
  v3: 'When the north wind blows, some build walls and some build mills.',
};

const server = createServer((request, response) => {
  if (request.url === '/healthz') answer(response, 200, { ok: true });
  else if (UPSTREAM === undefined) answer(response, 200, quote(request));
  else ask(UPSTREAM, response);
});

function quote({ headers }: IncomingMessage): object {
  return { quote: quotes[VERSION] ?? VERSION, version: VERSION, pod: hostname(), ...identities(headers) };
}

/** Who the two sidecars proved to be, as Envoy tells the application (`x-forwarded-client-cert`). */
function identities(headers: IncomingHttpHeaders): object {
  const certificate = headers['x-forwarded-client-cert'];
  if (typeof certificate !== 'string') return { authenticated: false };
  return {
    authenticated: true,
    client: /URI=([^;,]+)/.exec(certificate)?.[1] ?? '',
    server: /By=([^;,]+)/.exec(certificate)?.[1] ?? '',
  };
}

function ask(url: string, response: ServerResponse): void {
  const fail = (reason: string): void => answer(response, 502, { error: `${url}: ${reason}` });
  get(url, { timeout: 5_000 }, (upstream) => {
    let text = '';
    upstream.setEncoding('utf8');
    upstream.on('data', (chunk: string) => (text += chunk));
    upstream.on('end', () => {
      if (upstream.statusCode === 200)
        answer(response, 200, { front: hostname(), answer: JSON.parse(text) as unknown });
      else fail(`${String(upstream.statusCode)} ${text}`);
    });
  })
    .on('timeout', function (this: { destroy(error: Error): void }) {
      this.destroy(new Error('no answer within five seconds'));
    })
    .on('error', (error) => fail(error.message));
}

function answer(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

server.listen(Number(PORT), () => console.log(`serving ${UPSTREAM === undefined ? VERSION : 'front'} on port ${PORT}`));
process.once('SIGTERM', () => server.close(() => process.exit(0)));
