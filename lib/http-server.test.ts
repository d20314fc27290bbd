import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:tls';
import forge from 'node-forge';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress, startHttpServer } from './http-server.ts';
import type { HttpHandler, HttpServer, ServerCertificate } from './http-server.ts';
import { recordingLogger } from './logger.ts';

async function serve(routes: Readonly<Record<string, HttpHandler>>, maxBodyBytes?: number) {
  const logger = recordingLogger();
  const server: HttpServer = await startHttpServer({
    address: '127.0.0.1:0',
    routes,
    logger,
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
  });
  onTestFinished(() => server.close(0));
  return { server, logger, url: `http://127.0.0.1:${server.address.port}` };
}

describe('the HTTP server', () => {
  it('answers by path, the longest prefix of those that end with a slash', async () => {
    const { url } = await serve({
      '/healthz': () => ({ body: 'ok' }),
      '/debug/': ({ path, query }) => ({ body: `${path} ${query.get('q') ?? ''}` }),
      '/debug/deep/': () => ({ status: 202, contentType: 'application/json', body: '{}' }),
    });
    expect(await (await fetch(`${url}/healthz`)).text()).toBe('ok');
    expect(await (await fetch(`${url}/debug/x?q=1`)).text()).toBe('/debug/x 1');
    const deep = await fetch(`${url}/debug/deep/y`);
    expect([deep.status, deep.headers.get('content-type')]).toEqual([202, 'application/json']);
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/constructor`)).status).toBe(404);
  });

  it('hands over the body, and refuses one that is too long', async () => {
    const { url } = await serve({ '/echo': ({ method, body }) => ({ body: `${method} ${body.toString()}` }) }, 10);
    expect(await (await fetch(`${url}/echo`, { method: 'POST', body: 'x' })).text()).toBe('POST x');
    expect((await fetch(`${url}/echo`, { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);
  });

  it('answers 500 for a handler that throws, and logs why', async () => {
    const { url, logger } = await serve({
      '/bad': () => {
        throw new Error('secret reason');
      },
    });
    const response = await fetch(`${url}/bad`);
    expect([response.status, await response.text()]).toEqual([500, 'internal error\n']);
    expect(logger.entries[0]?.fields['error']).toContain('secret reason');
  });

  it('lets a running request end before it closes', async () => {
    const started = Promise.withResolvers<undefined>();
    const go = Promise.withResolvers<undefined>();
    const { server, url } = await serve({
      '/slow': async () => {
        started.resolve(undefined);
        await go.promise;
        return { body: 'done' };
      },
    });
    const response = fetch(`${url}/slow`);
    await started.promise;
    const closed = server.close();
    go.resolve(undefined);
    expect(await (await response).text()).toBe('done');
    await closed;
    await expect(fetch(`${url}/slow`)).rejects.toThrow();
  });

  it('says which address it cannot have', async () => {
    const { server } = await serve({});
    const address = `127.0.0.1:${server.address.port}`;
    const second = startHttpServer({ address, routes: {}, logger: recordingLogger() });
    await expect(second).rejects.toThrow(`cannot listen on ${address}`);
    expect(() => server.setCertificate({ cert: '', key: '' })).toThrow('has no TLS');
  });
});

function makeCertificate(commonName: string): ServerCertificate {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = '01';
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  certificate.setIssuer([{ name: 'commonName', value: commonName }]);
  certificate.sign(forge.pki.privateKeyFromPem(pair.privateKey), forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(certificate), key: pair.privateKey };
}

/** The common name in the certificate that the server shows. */
function nameShownOn(port: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('the HTTPS server', () => {
  it('shows a new certificate without a restart, and keeps the old one when the new one is broken', async () => {
    const [one, two] = [makeCertificate('one'), makeCertificate('two')];
    const server = await startHttpServer({ address: '127.0.0.1:0', routes: {}, tls: one, logger: recordingLogger() });
    onTestFinished(() => server.close(0));
    const { port } = server.address;
    expect(await nameShownOn(port)).toBe('one');
    server.setCertificate(two);
    expect(await nameShownOn(port)).toBe('two');
    expect(() => server.setCertificate({ cert: one.cert, key: two.key })).toThrow();
    expect(await nameShownOn(port)).toBe('two');
  });
});

describe('parseAddress', () => {
  it.each([
    ['0.0.0.0:15012', { host: '0.0.0.0', port: 15012 }],
    ['[::1]:80', { host: '::1', port: 80 }],
    [':8080', { host: undefined, port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('reads %s', (text, expected) => {
    expect(parseAddress(text)).toEqual(expected);
  });

  it.each(['8080', 'host', '::1:80', 'host:99999', 'host:'])('refuses %s', (text) => {
    expect(() => parseAddress(text)).toThrow(`"${text}" is not an address`);
  });
});
