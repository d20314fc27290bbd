import type { HttpAnswer, HttpHandler, HttpRequest, HttpServer } from '../lib/http-server.ts';
import { startHttpServer } from '../lib/http-server.ts';
import type { Logger } from '../lib/logger.ts';
import { describeError } from '../lib/errors.ts';
import { debugIndex, debugPage } from '../xds/debug/pages.ts';
import type { DebugState } from '../xds/debug/state.ts';
import { isLoopback, requireLoopback } from './loopback.ts';

const prefix = '/debug/';
/** Pages that are being made at the same time; each may hold many megabytes. */
const maxRunning = 4;

/**
 * Serves the debug pages, which nobody has to prove anything for, and which hold no secrets: hence on loopback only.
 * Rejects with an Error that names the address where it can't listen there.
 */
export async function startDebug(address: string, state: DebugState, logger: Logger): Promise<HttpServer> {
  requireLoopback(address);
  let running = 0;
  const page: HttpHandler = async ({ path, query }) => {
    if (running >= maxRunning) return { status: 503, body: 'other debug pages are being made; try again\n' };
    running++;
    try {
      return await debugPage(state, path.slice(prefix.length), query);
    } catch (error) {
      logger.error('cannot make a debug page', { path, error });
      return { status: 500, body: `cannot make ${path}: ${describeError(error)}\n` };
    } finally {
      running--;
    }
  };
  try {
    return await startHttpServer({
      address,
      routes: { '/debug': guarded(debugIndex), [prefix]: guarded(page) },
      maxBodyBytes: 0,
      logger,
    });
  } catch (cause) {
    throw new Error('cannot serve the debug pages; --debug-address gives another address, or "off"', { cause });
  }
}

/**
 * A page of another site can make a browser on this machine ask here, under a name of its own (DNS rebinding): only
 * names of this machine are answered.
 */
function guarded(handler: HttpHandler): HttpHandler {
  return (request: HttpRequest): HttpAnswer | Promise<HttpAnswer> => {
    if (request.method !== 'GET') return { status: 405, body: 'only GET is served here\n' };
    const host = (request.headers.host ?? '').replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
    if (!isLoopback(host)) return { status: 403, body: 'ask for these pages by the name localhost\n' };
    return handler(request);
  };
}
