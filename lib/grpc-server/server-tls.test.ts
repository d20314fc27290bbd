import { X509Certificate } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { connect as connectTls } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { TestCertificate } from './grpc-server.testing.ts';
import { handler, makeRoot, serverTls, TestClient } from './grpc-server.testing.ts';
import type { GrpcCall, GrpcMethods } from './methods.ts';
import type { GrpcServerOptions } from './server.ts';
import { startGrpcServer } from './server.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const subjectOf = (call: GrpcCall): string =>
  call.peerCertificate === undefined ? 'nobody' : new X509Certificate(call.peerCertificate).subject;

const methods: GrpcMethods = {
  '/s/who': { kind: 'unary', answer: (call) => Promise.resolve(Buffer.from(subjectOf(call))) },
  '/s/big': {
    kind: 'stream',
    open: (stream) => {
      stream.send([Buffer.alloc(2_000_000, 'a'), Buffer.alloc(2_000_000, 'b')], () => stream.end(0));
      return handler();
    },
  },
  '/s/stay': {
    kind: 'stream',
    open: (stream) => handler({ onMessage: () => stream.send([Buffer.from(subjectOf(stream))], () => undefined) }),
  },
};

const ours = makeRoot('ours');
const theirs = makeRoot('theirs');

async function serve(options: Partial<GrpcServerOptions> = {}) {
  const tls = serverTls(ours.issue('server'), ours.root);
  const server = await startGrpcServer({ address: '127.0.0.1:0', tls, methods, ...options });
  cleanups.push(() => server.close(1));
  const connect = (root: Buffer, own?: TestCertificate): TestClient => {
    const client = new TestClient(server.port, credentials.createSsl(root, own?.key, own?.certificate));
    cleanups.push(() => client.close());
    return client;
  };
  return { server, connect };
}

const ask = (client: TestClient): Promise<string> => client.ask('/s/who', Buffer.alloc(0)).then(String);

/** What a TLS handshake comes to. */
function handshake(port: number, options: ConnectionOptions): Promise<string | false | null> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', servername: 'localhost', port, ca: ours.root, ...options });
    socket.on('error', reject);
    socket.once('secureConnect', () => {
      resolve(socket.alpnProtocol);
      socket.destroy();
    });
  });
}

describe('a gRPC server with TLS', () => {
  it('gives methods the certificate of a client that its roots have signed', async () => {
    const { connect } = await serve();
    expect(await ask(connect(ours.root, ours.issue('web')))).toBe('CN=web');
  });

  it('takes a certificate of another root for none', async () => {
    const { connect } = await serve();
    expect(await ask(connect(ours.root, theirs.issue('web')))).toBe('nobody');
  });

  it('lets clients connect without a certificate', async () => {
    const { connect } = await serve();
    expect(await ask(connect(ours.root))).toBe('nobody');
  });

  it('sends messages of many pieces', async () => {
    const { connect } = await serve();
    const stream = connect(ours.root).stream('/s/big').read();
    expect(await stream.status).toMatchObject({ code: 0 });
    expect(stream.received[0]).toHaveLength(4_000_000);
    expect(String(stream.received[0]?.subarray(1_999_999, 2_000_001))).toBe('ab');
  });

  it('shows new connections the new certificate, and believes the new roots only; open ones go on', async () => {
    const { server, connect } = await serve();
    const early = connect(ours.root, ours.issue('early')).stream('/s/stay').read();
    early.call.write(Buffer.alloc(0));
    await early.messages(1);
    server.setTls(serverTls(theirs.issue('server'), theirs.root));
    expect(await ask(connect(theirs.root, theirs.issue('late')))).toBe('CN=late');
    expect(await ask(connect(theirs.root, ours.issue('stale')))).toBe('nobody');
    expect(await ask(connect(ours.root))).toContain('UNAVAILABLE');
    early.call.write(Buffer.alloc(0));
    expect(await early.messages(2)).toEqual(['CN=early', 'CN=early']);
  });

  it('does not believe a session that began under roots which are gone', async () => {
    const { server } = await serve();
    const own = ours.issue('web');
    const client = { host: '127.0.0.1', servername: 'localhost', port: server.port, ALPNProtocols: ['h2'] };
    const session = await new Promise<Buffer>((resolve, reject) => {
      const socket = connectTls({ ...client, ca: ours.root, key: own.key, cert: own.certificate });
      socket.on('error', reject);
      socket.resume();
      socket.once('session', (ticket) => {
        resolve(ticket);
        socket.destroy();
      });
    });
    const resume = (): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ ...client, session, ca: [ours.root, theirs.root] });
        socket.on('error', reject);
        socket.once('secureConnect', () => {
          resolve(socket.isSessionReused());
          socket.destroy();
        });
      });
    expect(await resume()).toBe(true);
    server.setTls(serverTls(theirs.issue('server'), theirs.root));
    expect(await resume()).toBe(false);
  });

  it('keeps the certificate it has when the new one does not match its key', async () => {
    const { server, connect } = await serve();
    const [one, other] = [ours.issue('one'), ours.issue('other')];
    expect(() => server.setTls(serverTls({ ...one, key: other.key }, ours.root))).toThrow();
    expect(await ask(connect(ours.root))).toBe('nobody');
  });

  it('speaks HTTP/2 over TLS 1.2 or later only', async () => {
    const { server } = await serve();
    expect(await handshake(server.port, { ALPNProtocols: ['h2'], maxVersion: 'TLSv1.2' })).toBe('h2');
    await expect(handshake(server.port, { ALPNProtocols: ['http/1.1'] })).rejects.toThrow();
    const old = { ALPNProtocols: ['h2'], minVersion: 'TLSv1', maxVersion: 'TLSv1.1' } as const;
    await expect(handshake(server.port, { ...old, ciphers: 'DEFAULT@SECLEVEL=0' })).rejects.toThrow(/version/i);
  });

  it('closes who connects and does not begin TLS, or begins it with nonsense', async () => {
    const { server, connect } = await serve({ limits: { handshakeTimeoutMs: 20 } });
    for (const bytes of ['', 'nonsense '.repeat(100)]) {
      const socket = connectTcp(server.port, '127.0.0.1').on('error', () => undefined);
      if (bytes !== '') socket.write(bytes);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    expect(await ask(connect(ours.root))).toBe('nobody');
  });

  it('does not wait for handshakes when it closes', async () => {
    const { server } = await serve();
    const socket = connectTcp(server.port, '127.0.0.1').on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    await vi.waitFor(() => expect(socket.readyState).toBe('open'));
    await server.close(60_000);
  });
});
