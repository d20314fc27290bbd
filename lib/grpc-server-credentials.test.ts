import { execFileSync } from 'node:child_process';
import { connect } from 'node:tls';
import { Server } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from 'vitest';
import { reloadableCredentials } from './grpc-server-credentials.ts';
import type { ServerTls } from './grpc-server-credentials.ts';

/** A self-signed certificate of `name`, which is its own root. */
function makeTls(name: string): ServerTls {
  const args = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=${name} -keyout - -addext`;
  const text = execFileSync('openssl', [...args.split(' '), 'subjectAltName=DNS:localhost'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const block = (label: string): string =>
    new RegExp(`-----BEGIN ${label}-----[^]*-----END ${label}-----\n`).exec(text)?.[0] ?? '';
  const certificateChain = block('CERTIFICATE');
  return { privateKey: block('PRIVATE KEY'), certificateChain, clientRoots: certificateChain };
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.forceShutdown();
});

function listen(credentials: Parameters<Server['bindAsync']>[1]): Promise<number> {
  const server = new Server();
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

/** The name in the certificate that the server shows. */
function shownName(port: number, root: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port, ca: root, ALPNProtocols: ['h2'] });
    socket.on('secureConnect', () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('reloadableCredentials', () => {
  it('serves from the first connection on, without asking clients for a certificate', async () => {
    const first = makeTls('first');
    const port = await listen(reloadableCredentials(first).credentials);
    expect(await shownName(port, first.certificateChain)).toBe('first');
  });

  it('shows new connections the new certificate', async () => {
    const [first, second] = [makeTls('first'), makeTls('second')];
    const { credentials, update } = reloadableCredentials(first);
    const port = await listen(credentials);
    update(second);
    expect(await shownName(port, second.certificateChain)).toBe('second');
  });
});
