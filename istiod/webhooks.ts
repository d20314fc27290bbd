import type { HttpServer } from '../lib/http-server.ts';

export function startWebhooks(..._: unknown[]): Promise<HttpServer | undefined> {
  return Promise.resolve(undefined);
}
