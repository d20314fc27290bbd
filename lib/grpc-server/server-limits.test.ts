import type { ClientHttp2Session } from 'node:http2';
import { connect as connectHttp2, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { echo, handler, TestClient } from './grpc-server.testing.ts';
import type { GrpcStream } from './methods.ts';
import type { GrpcServer, GrpcServerOptions } from './server.ts';
import { startGrpcServer } from './server.ts';
import { grpcStatus } from './status.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

const unavailable = grpcStatus.unavailable;
const hello = Buffer.from('hello');
const request = { ':method': 'POST', ':path': '/s/m', 'content-type': 'application/grpc', te: 'trailers' };

async function serve(options: Partial<GrpcServerOptions> = {}) {
  const opened = Promise.withResolvers<GrpcStream>();
  const onEnd = vi.fn();
  const open = (stream: GrpcStream) => {
    opened.resolve(stream);
    return handler({ onEnd });
  };
  const methods = { '/s/m': { kind: 'stream', open }, '/s/echo': { kind: 'stream', open: echo } } as const;
  const server = await startGrpcServer({ address: '127.0.0.1:0', methods, ...options });
  cleanups.push(() => server.close(1));
  return { server, opened: opened.promise, onEnd };
}

function grpcClient(server: GrpcServer): TestClient {
  const client = new TestClient(server.port);
  cleanups.push(() => client.close());
  return client;
}

async function rawClient(server: GrpcServer): Promise<ClientHttp2Session> {
  const session = connectHttp2(`http://127.0.0.1:${server.port}`);
  cleanups.push(() => session.destroy());
  session.on('error', () => undefined);
  await new Promise((resolve) => session.once('remoteSettings', resolve));
  return session;
}

async function tcpClient(server: GrpcServer, ...bytes: (string | Buffer)[]): Promise<Socket> {
  const socket = connectTcp(server.port, '127.0.0.1');
  cleanups.push(() => socket.destroy());
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  for (const part of bytes) socket.write(part);
  return socket;
}

const closed = (socket: { once(event: 'close', listener: () => void): unknown }): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const emptySettings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

describe('a client that does not read', () => {
  it('is not sent more than it asked for, and loses the call after the write timeout', async () => {
    const { server, opened, onEnd } = await serve({ limits: { writeTimeoutMs: 50 } });
    const session = await rawClient(server);
    const call = session.request(request);
    const error = new Promise((resolve) => call.once('error', resolve));
    call.pause();
    const stream = await opened;
    const flushed = vi.fn();
    const message = [Buffer.alloc(4_000_000)];
    stream.send(message, flushed);
    stream.send(message, flushed);
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1));
    expect(onEnd).toHaveBeenCalledWith('write-timeout');
    expect(flushed).not.toHaveBeenCalled();
    // Nothing of what was to be sent is held any more.
    expect(stream.pendingBytes).toBe(0);
    call.resume();
    expect(String(await error)).toContain('REFUSED_STREAM');
  });

  it('loses no call while it takes something now and then', async () => {
    const { server, opened, onEnd } = await serve({ limits: { writeTimeoutMs: 500 } });
    const session = await rawClient(server);
    const call = session.request(request);
    call.pause();
    const stream = await opened;
    const flushed = new Promise<void>((resolve) => stream.send([Buffer.alloc(2_000_000)], resolve));
    const timer = setInterval(() => void call.read(), 5);
    cleanups.push(() => clearInterval(timer));
    await flushed;
    expect(onEnd).not.toHaveBeenCalled();
  });
});

describe('a connection', () => {
  it('is closed when it does not answer pings, and goes on when it does', async () => {
    const { server } = await serve({ limits: { keepaliveMs: 20, keepaliveTimeoutMs: 20 } });
    const stream = grpcClient(server).stream('/s/echo').read();
    stream.call.write(hello);
    await stream.messages(1);
    const dead = await tcpClient(server, preface, emptySettings);
    dead.resume();
    await closed(dead);
    stream.call.write(hello);
    expect(await stream.messages(2)).toHaveLength(2);
  });

  it('takes no new calls when it is old, and after the grace its calls end with UNAVAILABLE', async () => {
    const { server } = await serve({ limits: { maxConnectionAgeMs: 30, maxConnectionAgeGraceMs: 30 } });
    const session = await rawClient(server);
    const goaway = new Promise((resolve) => session.once('goaway', resolve));
    const stream = grpcClient(server).stream('/s/echo').read();
    stream.call.write(hello);
    await stream.messages(1);
    expect(await stream.status).toMatchObject({ code: unavailable, details: expect.stringContaining('old') as string });
    expect(await goaway).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it('may have so many calls at a time', async () => {
    const { server } = await serve({ limits: { maxConcurrentStreams: 3 } });
    expect((await rawClient(server)).remoteSettings.maxConcurrentStreams).toBe(3);
  });

  it.each([
    ['no HTTP at all', 'hello, who is there?\r\n\r\n'],
    ['HTTP/1.1', 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'],
    ['a frame that is too long', Buffer.concat([Buffer.from(preface), emptySettings, Buffer.alloc(20, 0xff)])],
    [
      'a frame for no stream',
      Buffer.concat([Buffer.from(preface), emptySettings, Buffer.from([0, 0, 1, 0, 0, 0, 0, 0, 9, 0])]),
    ],
    ['half a preface', preface.slice(0, 7)],
  ])('with %s hurts no other', async (_what, bytes) => {
    const { server } = await serve({ limits: { keepaliveMs: 50, keepaliveTimeoutMs: 20 } });
    const stream = grpcClient(server).stream('/s/echo').read();
    stream.call.write(hello);
    await stream.messages(1);
    const socket = await tcpClient(server, bytes);
    socket.resume();
    await closed(socket);
    stream.call.write(hello);
    expect(await stream.messages(2)).toHaveLength(2);
    await vi.waitFor(() => expect(server.connectionCount).toBe(1));
  });
});

describe('a server that closes', () => {
  it('waits for its calls to end', async () => {
    const { server, opened } = await serve();
    const stream = grpcClient(server).stream('/s/m').read();
    const open = await opened;
    const done = server.close(60_000);
    open.send([hello], () => open.end(grpcStatus.ok));
    expect(await stream.status).toMatchObject({ code: 0 });
    expect(stream.received).toEqual([hello]);
    await done;
  });

  it('ends with UNAVAILABLE what goes on after the grace, and takes nobody any more', async () => {
    const { server, opened, onEnd } = await serve();
    const client = grpcClient(server);
    const { status } = client.stream('/s/m').read();
    await opened;
    await server.close(10);
    expect(await status).toMatchObject({ code: unavailable, details: 'this server is shutting down' });
    expect(onEnd).toHaveBeenCalledTimes(1);
    expect(await grpcClient(server).ask('/s/m', hello)).toMatchObject({ code: unavailable });
  });

  it('does not wait for who has only connected, or does not listen', async () => {
    const { server, opened, onEnd } = await serve();
    await tcpClient(server, preface.slice(0, 5));
    const session = await rawClient(server);
    session.request(request).pause();
    (await opened).send([Buffer.alloc(10_000_000)], () => undefined);
    await server.close(10);
    expect(onEnd).toHaveBeenCalledTimes(1);
  });
});
