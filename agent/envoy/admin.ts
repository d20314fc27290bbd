import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { ports } from '../../lib/ports.ts';

/** Envoy's administration interface, on loopback. */
export interface EnvoyAdmin {
  /** Rejects when Envoy can't be reached or answers with another status than 200. */
  text(method: 'GET' | 'POST', path: string): Promise<string>;
  /** The answer as it comes, whatever its status. */
  open(method: string, path: string, signal?: AbortSignal): Promise<IncomingMessage>;
}

/** How long Envoy's main thread may keep a question waiting. */
const timeoutMs = 5000;

export function envoyAdmin(port: number = ports.admin): EnvoyAdmin {
  const open: EnvoyAdmin['open'] = (method, path, signal) =>
    new Promise((resolve, reject) => {
      const call = request(
        { host: '127.0.0.1', port, method, path, agent: false, timeout: timeoutMs, ...(signal ? { signal } : {}) },
        resolve,
      );
      call.on('timeout', () => call.destroy(new Error(`Envoy did not answer within ${timeoutMs} ms`)));
      call.on('error', reject);
      call.end();
    });
  const text: EnvoyAdmin['text'] = async (method, path) => {
    const answer = await open(method, path);
    const body = await readText(answer);
    if (answer.statusCode === 200) return body;
    throw new Error(
      `Envoy answered ${method} ${path} with status ${answer.statusCode ?? 0}: ${body.trim().slice(0, 200)}`,
    );
  };
  return { text, open };
}

export async function readText(stream: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
