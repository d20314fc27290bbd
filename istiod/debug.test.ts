import { request } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { recordingLogger, silentLogger } from '../lib/logger.ts';
import { debugState } from '../xds/debug/state.testing.ts';
import { startDebug } from './debug.ts';
import { requireLoopback } from './loopback.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(state = debugState([]), logger = silentLogger): Promise<number> {
  const server = await startDebug('127.0.0.1:0', state, logger);
  closers.push(() => server.close(0));
  return server.address.port;
}

function ask(port: number, path: string, options: { readonly method?: string; readonly host?: string } = {}) {
  const { method = 'GET', host = `localhost:${String(port)}` } = options;
  return new Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly body: string }>(
    (resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path, method, headers: { host } }, (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        const { statusCode: status, headers } = response;
        response.on('end', () => resolve({ status, type: headers['content-type'], body }));
      });
      call.on('error', reject);
      call.end();
    },
  );
}

describe('the debug server', () => {
  it('serves the pages and an index', async () => {
    const port = await serve();
    expect(await ask(port, '/debug/syncz')).toEqual({ status: 200, type: 'application/json', body: '[]\n' });
    for (const path of ['/debug', '/debug?pretty']) expect((await ask(port, path)).body).toContain('/debug/syncz');
    expect((await ask(port, '/debug/nothing')).status).toBe(404);
    expect((await ask(port, '/metrics')).status).toBe(404);
  });

  it('serves GET only', async () => {
    const port = await serve();
    for (const method of ['POST', 'DELETE', 'PUT']) {
      expect(await ask(port, '/debug/syncz', { method })).toMatchObject({ status: 405 });
    }
  });

  it('does not answer to the name of another site', async () => {
    const port = await serve();
    expect((await ask(port, '/debug/syncz', { host: 'rebound.example.com' })).status).toBe(403);
    expect((await ask(port, '/debug/syncz', { host: '[::1]:8080' })).status).toBe(200);
    expect((await ask(port, '/debug/syncz', { host: '127.0.0.1' })).status).toBe(200);
  });

  it('says what a page fails with, and goes on', async () => {
    const logger = recordingLogger();
    let broken = true;
    const connections = () => {
      if (broken) throw new Error('the state is broken');
      return [];
    };
    const port = await serve(debugState([], { connections }), logger);
    const failed = await ask(port, '/debug/connections');
    expect(failed).toMatchObject({ status: 500, body: 'cannot make /debug/connections: the state is broken\n' });
    broken = false;
    expect((await ask(port, '/debug/connections')).status).toBe(200);
  });

  it('says which option helps when its port is taken', async () => {
    const port = await serve();
    const second = startDebug(`127.0.0.1:${String(port)}`, debugState([]), silentLogger);
    await expect(second).rejects.toThrow('--debug-address');
    await expect(second).rejects.toMatchObject({ cause: { message: `cannot listen on 127.0.0.1:${String(port)}` } });
  });
});

describe('the address of debug pages', () => {
  it('is a loopback address', () => {
    for (const address of ['127.0.0.1:8080', '127.1.2.3:0', '[::1]:8080', 'localhost:8080']) {
      expect(() => requireLoopback(address)).not.toThrow();
    }
    for (const address of [':8080', '0.0.0.0:8080', '10.0.0.1:8080', '[::]:8080', '127.0.0.1.example.com:8080']) {
      expect(() => requireLoopback(address)).toThrow(address);
    }
  });
});
