import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { RestClient } from './rest-client.ts';
import { Transport } from './transport.ts';

/**
 * A stand-in that answers as a test tells it, for faults which a real API server cannot be made to have: overload,
 * broken lines, connections that die at a given byte. Everything else is tested with a real one.
 */
export interface FakeApiServer {
  readonly client: RestClient;
  /** `METHOD path` of each request, in order. */
  readonly requests: readonly string[];
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Gives the answers in order, the last one again and again. The client is closed when the test ends. */
export async function startFakeApiServer(
  answers: readonly Answer[],
  authorization: () => string = () => 'Bearer token',
): Promise<FakeApiServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)];
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    request.resume();
    if (answer === undefined) response.destroy();
    else answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const access = {
    server: `http://127.0.0.1:${port}`,
    proxyUrl: undefined,
    namespace: undefined,
    authenticate: () => Promise.resolve({ headers: { Authorization: authorization() }, tls: {} }),
  };
  const client = new RestClient(new Transport(access));
  onTestFinished(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, requests };
}

export const json =
  (body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Answer =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

export const statusAnswer = (code: number, reason: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  json({ kind: 'Status', code, reason, message: `it is ${reason}` }, code, headers);

/** The connection dies before an answer. */
export const reset: Answer = (response) => void response.destroy();

/** Never answers. */
export const hang: Answer = () => undefined;

/** A watch that sends the given text and stays open, or ends. */
export const stream =
  (text: string, end: 'open' | 'end' | 'reset' = 'open'): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    response.write(text, () => {
      if (end === 'end') response.end();
      // Given time to arrive, since a reset may overtake what was written.
      if (end === 'reset') setImmediate(() => response.destroy());
    });
  };
